import { once } from 'node:events'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { readAnswer } from '../load/answer.ts'
import { requests, requestsOf, users } from '../load/requests.ts'
import { SizedAnswer } from '../load/sized-answer.ts'

const answerMs = 30_000
const together = 50

/** Connections that are open, and do nothing. */
export interface Held {
  /** Anything but the expected answer. */
  readonly errors: number
  close(): void
}

/** Opens so many connections, sends one request over each, and keeps them. */
export async function holdIdle(port: number, count: number): Promise<Held> {
  const sockets: Socket[] = []
  let errors = 0
  for (let from = 0; from < count; from += together) {
    const batch = Array.from({ length: Math.min(together, count - from) }, async (_, i) => {
      const socket = connect({ port, host: '127.0.0.1' })
      sockets.push(socket)
      if (!(await isAnswered(socket, from + i))) errors += 1
    })
    await Promise.all(batch)
  }
  return {
    get errors() {
      return errors + sockets.filter(({ destroyed, readableEnded }) => destroyed || readableEnded).length
    },
    close: () => {
      for (const socket of sockets) socket.destroy()
    },
  }
}

async function isAnswered(socket: Socket, user: number): Promise<boolean> {
  return await new Promise((resolve) => {
    let all = Buffer.alloc(0)
    socket.on('error', () => {}).on('close', () => resolve(false))
    socket.setTimeout(answerMs, () => socket.destroy())
    socket.on('data', (bytes: Buffer) => {
      all = Buffer.concat([all, bytes])
      const said = readAnswer(all)
      if (said === 'more') return
      socket.setTimeout(0)
      resolve(said !== 'wrong')
    })
    socket.write(requests[user % users] ?? '')
  })
}

/** A client that does not read what it asked for. */
export interface Stalled {
  /** Reads on to the end: whether the expected answer came. */
  read(): Promise<boolean>
  close(): void
}

/** Asks for so many bytes, and reads none of them. */
export async function stall(port: number, user: number, bytes: number): Promise<Stalled> {
  const socket = connect({ port, host: '127.0.0.1' })
  socket.on('error', () => {})
  socket.pause()
  await once(socket, 'connect')
  socket.write(requestsOf(bytes)[user] ?? '')
  const read = async (): Promise<boolean> =>
    await new Promise((resolve) => {
      const reader = new SizedAnswer(bytes)
      socket.setTimeout(answerMs, () => socket.destroy())
      socket.on('close', () => resolve(false))
      socket.on('data', (piece: Buffer) => {
        const said = reader.read(piece)
        if (said === 'more') return
        resolve(said !== 'wrong')
        socket.destroy()
      })
      socket.resume()
    })
  return { read, close: () => void socket.destroy() }
}
