import type { Socket } from 'node:net'

/** What a client of HTTP/2 sends first (RFC 9113, 3.4); no request of HTTP/1.1 begins so. */
const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')

/** Where a connection goes. */
export interface Ways {
  readonly h1: (socket: Socket) => void
  readonly h2: (socket: Socket) => void
}

/** Sends a connection the way its first bytes ask for; nothing of them is lost. Who says too little for too long is cut off. */
export function tellApart(socket: Socket, withinMs: number, { h1, h2 }: Ways): void {
  let seen = Buffer.alloc(0)
  const late = setTimeout(() => socket.destroy(), withinMs)
  const stop = (): void => {
    clearTimeout(late)
    socket.off('readable', look).off('end', gone).off('close', stop).off('error', gone)
  }
  const gone = (): void => {
    stop()
    socket.destroy()
  }
  const look = (): void => {
    for (let bytes: unknown = socket.read(); bytes instanceof Buffer; bytes = socket.read())
      seen = Buffer.concat([seen, bytes])
    const asked = begins(seen)
    if (seen.length === 0 || asked === 'unclear') return
    stop()
    socket.on('error', () => {})
    socket.pause()
    socket.unshift(seen)
    if (asked === 'h2') h2(socket)
    else {
      h1(socket)
      socket.resume()
    }
  }
  socket.on('readable', look).on('end', gone).on('close', stop).on('error', gone)
}

/** What the first bytes of a connection are the beginning of. */
export function begins(bytes: Buffer): 'h1' | 'h2' | 'unclear' {
  const length = Math.min(bytes.length, preface.length)
  if (bytes.compare(preface, 0, length, 0, length) !== 0) return 'h1'
  return length === preface.length ? 'h2' : 'unclear'
}
