import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import type { Upstreams } from '../load/process.ts'
import { canaryBp, unitCookie, versions } from '../load/requests.ts'
import { connectionsHere, openNative } from './native.ts'
import { freePort } from './party.ts'
import type { Contender, Party } from './party.ts'

/** HAProxy with one thread: consistent hash of the cookie over weighted servers, kept connections on both sides, forwarded headers. */
export const haproxy: Contender = {
  name: 'haproxy',
  open: async (upstreams) =>
    await openNative('haproxy', { program: 'haproxy', debianPackage: 'haproxy' }, async (program, directory) => {
      const port = await freePort()
      const [file, socket] = [join(directory, 'haproxy.cfg'), join(directory, 'admin.sock')]
      await writeFile(file, configurationOf({ port, socket, upstreams }))
      return { port, command: [program, '-db', '-f', file], more: { change: changeOver(socket) } }
    }),
}

/** Changes weights at run time, over one kept connection. */
function changeOver(path: string): NonNullable<Party['change']> {
  let kept: Socket | null = null
  return async (shareBp) => {
    kept ??= await promptAt(path)
    const weights = [
      [versions.canary, shareBp / 100],
      [versions.stable, 100 - shareBp / 100],
    ] as const
    // Whoever gains comes first: they are never both at 0.
    for (const [version, weight] of weights.toSorted(([, a], [, b]) => b - a))
      await command(kept, `set server versions/${version} weight ${weight}`)
  }
}

async function promptAt(path: string): Promise<Socket> {
  const socket = connect({ path })
  socket
    .setEncoding('latin1')
    .unref()
    .on('error', () => {})
  await once(socket, 'connect')
  await command(socket, 'prompt')
  return socket
}

/** Ends with the next prompt; anything but that is why the command was refused. */
async function command(socket: Socket, line: string): Promise<void> {
  socket.write(`${line}\n`)
  let said = ''
  while (!said.endsWith('> ')) {
    const [text] = (await once(socket, 'data', { signal: AbortSignal.timeout(5_000) })) as [string]
    said += text
  }
  if (said.trim() !== '>') throw new Error(`HAProxy says to "${line}": ${said.trim()}`)
}

function configurationOf({
  port,
  socket,
  upstreams,
}: {
  readonly port: number
  readonly socket: string
  readonly upstreams: Upstreams
}): string {
  const server = (version: string, at: number, shareBp: number): string =>
    `  server ${version} 127.0.0.1:${at} weight ${shareBp / 100}`
  return `${[
    'global',
    '  nbthread 1',
    `  maxconn ${connectionsHere()}`,
    `  stats socket ${socket} level admin`,
    '  stats timeout 1h',
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
    server(versions.canary, upstreams.canary, canaryBp),
    server(versions.stable, upstreams.stable, 10_000 - canaryBp),
  ].join('\n')}\n`
}
