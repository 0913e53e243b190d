import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Upstreams } from '../load/process.ts'
import { canaryBp, unitCookie, versions } from '../load/requests.ts'
import { Kept } from './kept.ts'
import { connectionsHere, openNative } from './native.ts'
import type { Native } from './native.ts'
import { freePort } from './party.ts'
import type { Contender } from './party.ts'

/** HAProxy with one thread: consistent hash of the cookie over weighted servers, kept connections on both sides, forwarded headers. */
export const haproxy: Contender = {
  name: 'haproxy',
  open: async (upstreams) =>
    await openNative('haproxy', { program: 'haproxy', debianPackage: 'haproxy' }, async (program, directory) => {
      const port = await freePort()
      const [file, socket] = [join(directory, 'haproxy.cfg'), join(directory, 'admin.sock')]
      await writeFile(file, configurationOf({ port, socket, upstreams }))
      return { port, command: [program, '-db', '-f', file], more: consoleAt(socket) }
    }),
}

function consoleAt(path: string): Native['more'] {
  const console = new Console(path)
  return { change: async (shareBp) => await console.change(shareBp), afterwards: () => console.close() }
}

/** Changes weights at run time, over one kept connection. */
class Console {
  readonly #kept: Kept
  #prompts = false

  constructor(path: string) {
    this.#kept = new Kept({ path })
  }

  async change(shareBp: number): Promise<void> {
    // Said again it would end the prompts.
    if (!this.#prompts) await this.#obey('prompt')
    this.#prompts = true
    const weights = [
      [versions.canary, shareBp / 100],
      [versions.stable, 100 - shareBp / 100],
    ] as const
    // Whoever gains comes first: they are never both at 0.
    for (const [version, weight] of weights.toSorted(([, a], [, b]) => b - a))
      await this.#obey(`set server versions/${version} weight ${weight}`)
  }

  close(): void {
    this.#kept.close()
  }

  /** Ends with the next prompt; anything before it is why the command was refused. */
  async #obey(command: string): Promise<void> {
    const said = await this.#kept.ask(`${command}\n`, (said) => said.endsWith('> '))
    if (said.trim() !== '>') throw new Error(`HAProxy says to "${command}": ${said.trim()}`)
  }
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
