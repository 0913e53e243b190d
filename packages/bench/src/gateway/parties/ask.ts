import { connect } from 'node:net'
import { readAnswer } from '../load/answer.ts'

/** Sends bytes over a connection of their own; what came back when it is a whole answer, the other side ended, or a second has passed. */
export async function ask(port: number, request: Buffer): Promise<Buffer> {
  return await new Promise((resolve) => {
    let bytes = Buffer.alloc(0)
    const socket = connect({ port, host: '127.0.0.1' })
    socket.setTimeout(1_000, () => socket.destroy())
    socket.on('connect', () => socket.write(request))
    socket.on('data', (more) => {
      bytes = Buffer.concat([bytes, more])
      if (readAnswer(bytes) !== 'more') socket.destroy()
    })
    socket.on('error', () => {})
    socket.on('close', () => resolve(bytes))
  })
}
