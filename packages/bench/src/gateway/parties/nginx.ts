import { execFile, spawnSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Upstreams } from '../load/process.ts'
import { canaryBp, salt, unitCookie, versions } from '../load/requests.ts'
import { connectionsHere, openNative } from './native.ts'
import type { Native } from './native.ts'
import { freePort } from './party.ts'
import type { Contender } from './party.ts'

const run = promisify(execFile)

/** Its package in Debian. */
export const nginxPackage = { program: 'nginx', debianPackage: 'nginx-light' } as const

/** nginx with one worker: `split_clients` by the cookie, kept connections on both sides, forwarded headers. */
export const nginx: Contender = nginxAs('nginx', 1)

/** The same on two cores. */
export const nginxTwoWorkers: Contender = nginxAs('nginx-2-workers', 2)

function nginxAs(name: string, workers: number): Contender {
  return {
    name,
    open: async (upstreams) =>
      await openNative(name, nginxPackage, async (program, directory) => {
        const ports = { port: await freePort(), h2Port: speaksH2(program) ? await freePort() : undefined }
        return await configured(program, directory, { ...ports, workers, upstreams })
      }),
  }
}

interface Wanted {
  readonly workers: number
  readonly port: number
  readonly h2Port: number | undefined
  readonly upstreams: Upstreams
}

async function configured(program: string, directory: string, wanted: Wanted): Promise<Native> {
  const file = join(directory, 'nginx.conf')
  const args = nginxArgs(directory, file)
  const write = async (shareBp: number): Promise<void> =>
    await writeFile(file, nginxFile(directory, wanted.workers, proxying(wanted, shareBp)))
  const change = async (shareBp: number): Promise<void> => {
    await write(shareBp)
    await run(program, [...args, '-s', 'reload'])
  }
  await write(canaryBp)
  const { port, h2Port } = wanted
  return { port, command: [program, ...args], more: { change, ...(h2Port === undefined ? {} : { h2Port }) } }
}

/** The arguments by which an nginx has a directory of its own and nothing else. */
export function nginxArgs(directory: string, file: string): readonly string[] {
  return ['-p', directory, '-c', file, '-e', join(directory, 'error.log')]
}

/** A configuration with these lines in its `http`. */
export function nginxFile(directory: string, workers: number, http: readonly string[]): string {
  const asRoot = process.getuid?.() === 0
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path ${directory}/${kind};`,
  )
  return `${[
    ...(asRoot ? ['user root;'] : []),
    'daemon off;',
    `worker_processes ${workers};`,
    `pid ${directory}/nginx.pid;`,
    `error_log ${directory}/error.log crit;`,
    `events { worker_connections ${connectionsHere() + 512}; }`,
    'http {',
    ...[...temporary, 'access_log off;', 'keepalive_timeout 75s;', 'keepalive_requests 1000000000;', ...http].map(
      (line) => `  ${line}`,
    ),
    '}',
  ].join('\n')}\n`
}

function proxying({ port, h2Port, upstreams }: Wanted, shareBp: number): readonly string[] {
  const upstream = (name: string, at: number): string =>
    `upstream ${name} { server 127.0.0.1:${at} max_fails=0; keepalive 256; keepalive_requests 1000000000; }`
  return [
    `split_clients "${salt}\${cookie_${unitCookie}}" $version { ${armsAt(shareBp)} }`,
    upstream(versions.canary, upstreams.canary),
    upstream(versions.stable, upstreams.stable),
    'server {',
    `  listen 127.0.0.1:${port} backlog=4096;`,
    ...(h2Port === undefined ? [] : [`  listen 127.0.0.1:${h2Port} http2 backlog=4096;`]),
    '  location / {',
    '    proxy_http_version 1.1;',
    // A long answer goes through memory, as everywhere else, and not over the disk.
    '    proxy_max_temp_file_size 0;',
    '    proxy_set_header Connection "";',
    '    proxy_set_header Host $http_host;',
    '    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;',
    '    proxy_set_header X-Forwarded-Proto $scheme;',
    '    proxy_set_header X-Forwarded-Host $http_host;',
    '    proxy_pass http://$version;',
    '  }',
    '}',
  ]
}

/** nginx takes neither 0 nor 100 %. */
function armsAt(shareBp: number): string {
  if (shareBp === 0 || shareBp === 10_000) return `* ${shareBp === 0 ? versions.stable : versions.canary};`
  return `${(shareBp / 100).toFixed(2)}% ${versions.canary}; * ${versions.stable};`
}

function speaksH2(program: string): boolean {
  return spawnSync(program, ['-V'], { encoding: 'utf8' }).stderr.includes('http_v2_module')
}
