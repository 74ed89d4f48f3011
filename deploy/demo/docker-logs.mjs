// Containers as Docker lays them on the disk, without Docker: a folder each, with a description and json logs that are rotated.

import { appendFileSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';

const MAX_BYTES = 2_000_000;
const MAX_FILES = 3;

/** Forgets the containers of an earlier run. */
export function clear(folder) {
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(folder)) {
    if (/^[0-9a-f]{64}$/.test(name)) rmSync(join(folder, name), { recursive: true });
  }
}

export class Container {
  #log;

  constructor(folder, name, image) {
    // Another one at each start, as Docker does it.
    const id = createHash('sha256').update(`${name} ${Date.now()}`).digest('hex');
    const home = join(folder, id);
    this.#log = join(home, `${id}-json.log`);
    mkdirSync(home);
    writeFileSync(this.#log, '');
    writeFileSync(join(home, 'config.v2.json'), JSON.stringify({
      ID: id,
      Name: `/${name}`,
      LogPath: this.#log,
      State: { Running: true },
      Config: { Image: image, Labels: { 'com.docker.compose.project': 'shop', 'com.docker.compose.service': name } },
    }));
  }

  /** Writes the lines of the text, all at this moment. */
  write(text, stream = 'stdout', at = Date.now()) {
    const time = new Date(at).toISOString();
    const records = text.split('\n').map((line) => `${JSON.stringify({ log: `${line}\n`, stream, time })}\n`);
    if (statSync(this.#log).size > MAX_BYTES) this.#rotate();
    appendFileSync(this.#log, records.join(''));
  }

  #rotate() {
    for (let number = MAX_FILES - 1; number > 0; number -= 1) {
      const from = number === 1 ? this.#log : `${this.#log}.${number - 1}`;
      if (existsSync(from)) renameSync(from, `${this.#log}.${number}`);
    }
    writeFileSync(this.#log, '');
  }
}
