// A reverse proxy as people run one: nginx with TLS, a site at its root and the relay below a path prefix.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { endProcess, freePort, until } from '../../../shared/ui/e2e/process.ts';
import { PREFIX } from './site.ts';

export interface Proxy {
  origin: string;
  stop(): Promise<void>;
}

const configuration = (port: number, site: string, relay: string) => `
daemon off;
master_process off;
pid nginx.pid;
error_log stderr warn;
events {}
http {
  access_log off;
  client_body_temp_path body;
  proxy_temp_path proxied;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  server {
    listen 127.0.0.1:${port} ssl;
    ssl_certificate certificate.pem;
    ssl_certificate_key key.pem;
    location / {
      proxy_pass ${site};
    }
    location ${PREFIX}/ {
      proxy_pass ${relay}/;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    }
  }
}
`;

export async function startProxy(site: string, relay: string): Promise<Proxy> {
  const folder = mkdtempSync(join(tmpdir(), 'monlight-browser-e2e-'));
  const port = await freePort();
  const subject = ['-subj', '/CN=localhost', '-days', '2', '-keyout', join(folder, 'key.pem'), '-out', join(folder, 'certificate.pem')];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', ...subject], { stdio: 'pipe' });
  writeFileSync(join(folder, 'nginx.conf'), configuration(port, site, relay));
  // Debian puts it where only root looks.
  const env = { PATH: `${process.env['PATH']}:/usr/sbin` };
  const child = spawn('nginx', ['-p', folder, '-c', join(folder, 'nginx.conf')], { stdio: ['ignore', 'inherit', 'inherit'], env });
  let fault: Error | undefined;
  child.once('error', (error) => (fault = new Error(`nginx cannot be started (scripts/setup.sh test installs it): ${error.message}`)));
  await until('nginx listens', () => {
    if (fault ?? child.exitCode !== null) throw fault ?? new Error(`nginx ended with ${child.exitCode}`);
    // It speaks TLS, so what answers a plain request is a refusal.
    return fetch(`http://127.0.0.1:${port}/`).then(() => true, () => false);
  });
  return {
    origin: `https://localhost:${port}`,
    async stop() {
      await endProcess(child);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
