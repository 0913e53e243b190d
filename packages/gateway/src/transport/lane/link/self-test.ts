import { createHash } from 'node:crypto'
import { once } from 'node:events'
import * as net from 'node:net'
import type { Socket } from 'node:net'
import type { Link, Links, LinkUser } from './link.ts'

const pieceBytes = 65_536
/** More than a kernel takes of what nobody reads. */
const mostPieces = 2_048
const patienceMs = 3_000

/** What one end of the test sees. */
class End implements LinkUser {
  link: Link | null = null
  readonly #hash = createHash('sha256')
  count = 0
  hasEnded = false
  readonly freed = Promise.withResolvers<void>()
  readonly over = Promise.withResolvers<void>()
  readonly there = Promise.withResolvers<void>()

  connected(): void {
    this.there.resolve()
  }

  received(bytes: Buffer): void {
    this.#hash.update(bytes)
    this.count += bytes.length
    // What is read is written over at once, as it would be in traffic.
    if (this.link?.lends === true) bytes.fill(0)
  }

  drained(): void {
    this.freed.resolve()
  }

  ended(): void {
    this.hasEnded = true
    this.link?.end()
  }

  closed(): void {
    this.over.resolve()
  }

  get digest(): string {
    return this.#hash.digest('hex')
  }
}

/** Whether links work here as they should, tried over loopback: every byte arrives, a reader that stops holds the writer back, ends are seen. Null, or what is wrong. */
export async function faultOf(links: Links): Promise<string | null> {
  const server = net.createServer({ allowHalfOpen: true, noDelay: true }).listen(0, '127.0.0.1')
  const sockets: Socket[] = []
  let late: NodeJS.Timeout | undefined
  try {
    const inTime = new Promise<string>((resolve) => {
      late = setTimeout(() => resolve(`it took more than ${patienceMs} ms`), patienceMs)
    })
    return await Promise.race([inTime, tryOut(links, server, sockets)])
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  } finally {
    clearTimeout(late)
    for (const socket of sockets) socket.destroy()
    server.close()
  }
}

async function tryOut(links: Links, server: net.Server, sockets: Socket[]): Promise<string | null> {
  await once(server, 'listening')
  const [writer, reader] = [new End(), new End()]
  const taken = new Promise<void>((resolve) => {
    server.once('connection', (socket) => {
      sockets.push(socket)
      reader.link = links.take(socket, reader)
      reader.link.pause()
      resolve()
    })
  })
  const address = server.address()
  const port = address !== null && typeof address === 'object' ? String(address.port) : ''
  const out = links.open({ hostname: '127.0.0.1', port }, writer)
  writer.link = out
  sockets.push(out.socket)
  await Promise.all([writer.there.promise, taken])
  const sent = createHash('sha256')
  let pieces = 0
  for (; pieces < mostPieces && !out.full; pieces += 1) {
    const piece = Buffer.alloc(pieceBytes, pieces % 251)
    sent.update(piece)
    out.write(piece)
    // What went to the kernel at once may be written over.
    if (out.waiting === 0) piece.fill(0)
  }
  if (!out.full || out.waiting === 0) return 'a writer is not held back by a reader that does not read'
  // Behind the timer comes a look at what has arrived, and then what was set for at once: whoever reads has read by then.
  await new Promise((resolve) => setTimeout(() => setImmediate(resolve), 5))
  if (reader.count > 0) return 'a reader that should wait has read'
  reader.link?.resume()
  await writer.freed.promise
  out.end()
  await Promise.all([writer.over.promise, reader.over.promise])
  if (reader.count !== pieces * pieceBytes || reader.digest !== sent.digest('hex')) return 'bytes changed on their way'
  return reader.hasEnded ? null : 'an end was not seen'
}
