import { spawnSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { canaryBp, salt, unitCookie, versions } from '../load/requests.ts'
import type { Upstreams } from '../load/process.ts'
import { ownDirectory } from './end-with-us.ts'
import { freePort, startParty } from './party.ts'
import type { Contender, Party } from './party.ts'

/** Where a program of this machine is; undefined where there is none. */
export function programOf(name: string): string | undefined {
  return [name, `/usr/sbin/${name}`, `/usr/local/sbin/${name}`].find(
    (path) => spawnSync(path, ['-v']).error === undefined,
  )
}

/** nginx with one worker: `split_clients` by the cookie, kept connections on both sides, forwarded headers. */
export const nginx: Contender = {
  name: 'nginx',
  open: async (upstreams) =>
    await openNative('nginx', 'nginx-light', async (program, directory) => {
      const port = await freePort()
      const file = join(directory, 'nginx.conf')
      await writeFile(file, nginxConfig(directory, port, upstreams))
      return [port, [program, '-p', directory, '-c', file, '-e', join(directory, 'error.log')]]
    }),
}

/** HAProxy with one thread: consistent hash of the cookie over weighted servers, kept connections on both sides, forwarded headers. */
export const haproxy: Contender = {
  name: 'haproxy',
  open: async (upstreams) =>
    await openNative('haproxy', 'haproxy', async (program, directory) => {
      const port = await freePort()
      const file = join(directory, 'haproxy.cfg')
      await writeFile(file, haproxyConfig(port, upstreams))
      return [port, [program, '-db', '-f', file]]
    }),
}

type Command = readonly [file: string, ...args: readonly string[]]

async function openNative(
  name: string,
  debianPackage: string,
  configure: (program: string, directory: string) => Promise<readonly [port: number, command: Command]>,
): Promise<Party | { readonly absent: string }> {
  const program = programOf(name)
  if (program === undefined) return { absent: `There is no ${name} here (apt-get install ${debianPackage}).` }
  const directory = await ownDirectory(name)
  const [port, command] = await configure(program, directory.path)
  return await startParty(name, command, { port, afterwards: directory.remove })
}

function nginxConfig(directory: string, port: number, { canary, stable }: Upstreams): string {
  const asRoot = process.getuid?.() === 0
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `  ${kind}_temp_path ${directory}/${kind};`,
  )
  const upstream = (name: string, at: number): string =>
    `  upstream ${name} { server 127.0.0.1:${at} max_fails=0; keepalive 256; keepalive_requests 1000000000; }`
  return `${[
    ...(asRoot ? ['user root;'] : []),
    'daemon off;',
    'worker_processes 1;',
    `pid ${directory}/nginx.pid;`,
    `error_log ${directory}/error.log crit;`,
    'events { worker_connections 4096; }',
    'http {',
    ...temporary,
    '  access_log off;',
    '  keepalive_timeout 75s;',
    '  keepalive_requests 1000000000;',
    `  split_clients "${salt}\${cookie_${unitCookie}}" $version { ${(canaryBp / 100).toFixed(2)}% ${versions.canary}; * ${versions.stable}; }`,
    upstream(versions.canary, canary),
    upstream(versions.stable, stable),
    '  server {',
    `    listen 127.0.0.1:${port} backlog=4096;`,
    '    location / {',
    '      proxy_http_version 1.1;',
    '      proxy_set_header Connection "";',
    '      proxy_set_header Host $http_host;',
    '      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;',
    '      proxy_set_header X-Forwarded-Proto $scheme;',
    '      proxy_set_header X-Forwarded-Host $http_host;',
    '      proxy_pass http://$version;',
    '    }',
    '  }',
    '}',
  ].join('\n')}\n`
}

function haproxyConfig(port: number, { canary, stable }: Upstreams): string {
  return `${[
    'global',
    '  nbthread 1',
    '  maxconn 2000',
    'defaults',
    '  mode http',
    '  timeout connect 5s',
    '  timeout client 60s',
    '  timeout server 60s',
    '  http-reuse always',
    '  option forwardfor',
    'frontend front',
    `  bind 127.0.0.1:${port}`,
    `  http-request set-var(txn.unit) req.cook(${unitCookie})`,
    '  http-request set-header X-Forwarded-Proto http',
    '  http-request set-header X-Forwarded-Host %[req.hdr(host)]',
    '  default_backend versions',
    'backend versions',
    '  balance hash var(txn.unit)',
    '  hash-type consistent',
    `  server ${versions.canary} 127.0.0.1:${canary} weight ${canaryBp / 100}`,
    `  server ${versions.stable} 127.0.0.1:${stable} weight ${100 - canaryBp / 100}`,
  ].join('\n')}\n`
}
