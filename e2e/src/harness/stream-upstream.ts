/**
 * A version under test that does all that HTTP can: `/slow?ms=` answers late, a POST is sent back, `/lines?count=&every=` and `/events?…` stream
 * numbered lines, an upgrade is a WebSocket that sends text back. Every answer begins with the version's name. Arguments: port, name.
 */
import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'

const [port = '', name = 'v'] = process.argv.slice(2)
const closeFrame = 8

const server = createServer((request, response) => {
  const url = new URL(request.url ?? '/', 'http://upstream')
  const number = (key: string): number => Number(url.searchParams.get(key) ?? 0)
  if (request.method === 'POST') void sendBack(request, response)
  else if (url.pathname === '/lines' || url.pathname === '/events') {
    const events = url.pathname === '/events'
    response.writeHead(200, { 'content-type': events ? 'text/event-stream' : 'text/plain' })
    const prefix = events ? 'data: ' : ''
    stream(response, { prefix, after: events ? '\n\n' : '\n', count: number('count'), everyMs: number('every') })
  } else {
    setTimeout(() => {
      response.writeHead(200, { 'content-length': name.length })
      response.end(name)
    }, number('ms'))
  }
})

async function sendBack(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [Buffer.from(`${name}\n`)]
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
  response.end(Buffer.concat(chunks))
}

function stream(
  response: ServerResponse,
  lines: { readonly prefix: string; readonly after: string; readonly count: number; readonly everyMs: number },
): void {
  const { prefix, after, count, everyMs } = lines
  let next = 0
  const line = (): void => {
    response.write(`${prefix}${name} ${next}${after}`)
    next += 1
    if (next < count) return
    clearInterval(timer)
    response.end(`${prefix}end${after}`)
  }
  const timer = setInterval(line, everyMs)
  response.on('close', () => clearInterval(timer))
}

server.on('upgrade', (request, socket: Duplex, head: Buffer) => {
  const accept = createHash('sha1')
    .update(`${request.headers['sec-websocket-key'] ?? ''}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
    .digest('base64')
  const lines = ['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade']
  socket.write(`${[...lines, `Sec-WebSocket-Accept: ${accept}`].join('\r\n')}\r\n\r\n`)
  let rest = head
  socket.on('error', () => socket.destroy())
  socket.on('data', (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk])
    for (let frame = frameOf(rest); frame !== null; frame = frameOf(rest)) {
      rest = rest.subarray(frame.bytes)
      if (frame.kind === closeFrame) socket.end(Buffer.from([0x88, 0]))
      else socket.write(textFrame(`${name} ${frame.text}`))
    }
  })
})

/** The first whole frame of a client, as far as this test sends them: short and in one piece. */
function frameOf(bytes: Buffer): { readonly kind: number; readonly text: string; readonly bytes: number } | null {
  const length = (bytes[1] ?? 0) & 0x7f
  if (bytes.length < 6 + length) return null
  const mask = bytes.subarray(2, 6)
  const text = bytes.subarray(6, 6 + length).map((byte, i) => byte ^ (mask[i % 4] ?? 0))
  return { kind: (bytes[0] ?? 0) & 0x0f, text: Buffer.from(text).toString('utf8'), bytes: 6 + length }
}

function textFrame(text: string): Buffer {
  return Buffer.concat([Buffer.from([0x81, text.length]), Buffer.from(text)])
}

server.keepAliveTimeout = 60_000
server.listen(Number(port), '127.0.0.1', () => process.send?.({ listening: server.address() }))
process.on('SIGTERM', () => {
  server.close(() => process.exit(0))
  server.closeIdleConnections()
})
