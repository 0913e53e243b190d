import { once } from 'node:events'
import { createServer } from 'node:net'
import type { Socket } from 'node:net'
import { bodyOf, sizedBody, sizedPath } from './requests.ts'

const headEnd = Buffer.from('\r\n\r\n')
const method = 'GET '
const sizedLetter = sizedPath.charCodeAt(1)
const sizeAt = method.length + sizedPath.length

/** An upstream that runs. */
export interface Upstream {
  readonly port: number
  close(): void
}

/** Opens an upstream that costs next to nothing: the same bytes for each request of a path, none of which may have a body. */
export async function openUpstream(version: string): Promise<Upstream> {
  const answer = answerOf(Buffer.from(bodyOf(version)))
  const sized = new Map<string, Buffer>()
  const sizedAnswer = (head: string): Buffer => {
    const size = head.slice(sizeAt, head.indexOf(' ', sizeAt))
    const found = sized.get(size) ?? answerOf(sizedBody(version, Number(size)))
    sized.set(size, found)
    return found
  }
  const sockets = new Set<Socket>()
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket)
    let rest: Buffer | null = null
    socket.on('error', () => {}).on('close', () => sockets.delete(socket))
    socket.on('data', (bytes) => {
      // A head is cut in two so rarely that it may cost something.
      const all: Buffer = rest === null ? bytes : Buffer.concat([rest, bytes])
      let from = 0
      for (let at = all.indexOf(headEnd); at >= 0; at = all.indexOf(headEnd, from)) {
        const isSized = all[from + method.length + 1] === sizedLetter
        socket.write(isSized ? sizedAnswer(all.toString('latin1', from, at)) : answer)
        from = at + headEnd.length
      }
      rest = from === all.length ? null : Buffer.from(all.subarray(from))
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the upstream has no port')
  return {
    port: address.port,
    close: () => {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}

function answerOf(body: Buffer): Buffer {
  const head = `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\nCache-Control: no-cache\r\n\r\n`
  return Buffer.concat([Buffer.from(head), body])
}
