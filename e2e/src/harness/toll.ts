import { createServer, connect, type Socket } from 'node:net'

/** A connection in between that somebody can make silent. */
export interface Toll extends AsyncDisposable {
  readonly port: number
  /** What has been connected is silent, and what connects from now on as well: nothing goes through, nothing is closed. */
  silence(): void
  /** All that was kept goes through, and everything after it. */
  speak(): void
}

/** Opens a port whose connections go to another one. */
export async function openToll(target: number): Promise<Toll> {
  const sockets = new Set<Socket>()
  let silent = false
  const server = createServer((near) => {
    const far = connect({ host: '127.0.0.1', port: target })
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('error', () => socket.destroy())
      socket.on('close', () => {
        sockets.delete(socket)
        near.destroy()
        far.destroy()
      })
    }
    near.pipe(far)
    far.pipe(near)
    if (silent) for (const socket of [near, far]) socket.pause()
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    port: address.port,
    silence() {
      silent = true
      for (const socket of sockets) socket.pause()
    },
    speak() {
      silent = false
      for (const socket of sockets) socket.resume()
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise<void>((resolve) => void server.close(() => resolve()))
    },
  }
}
