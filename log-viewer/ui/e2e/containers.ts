// Containers as Docker leaves them on the disk: a folder with a description and a json-file log.
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface FakeContainer {
  /** Writes lines as Docker's json-file driver does. */
  write(lines: readonly string[], how?: { stream?: 'stdout' | 'stderr'; at?: Date }): void;
}

export interface Description {
  name: string;
  project: string;
  number: number;
  image?: string;
}

export function addContainer(sources: string, { name, project, number, image = 'shop:1' }: Description): FakeContainer {
  const id = number.toString(16).padStart(64, 'a');
  const folder = join(sources, id);
  const file = join(folder, `${id}-json.log`);
  mkdirSync(folder);
  writeFileSync(file, '');
  const config = {
    ID: id,
    Name: `/${name}`,
    LogPath: file,
    State: { Running: true },
    Config: { Image: image, Labels: { 'com.docker.compose.project': project, 'com.docker.compose.service': name } },
  };
  writeFileSync(join(folder, 'config.v2.json'), JSON.stringify(config));
  return {
    write(lines, { stream = 'stdout', at = new Date() } = {}) {
      const time = at.toISOString().replace('Z', '000000Z');
      const records = lines.map((line) => JSON.stringify({ log: `${line}\n`, stream, time }));
      appendFileSync(file, `${records.join('\n')}\n`);
    },
  };
}
