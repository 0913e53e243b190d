import { connect } from 'node:net'
import type { NetConnectOpts, Socket } from 'node:net'

const answerMs = 20_000

/** A connection that is kept, over which one question after the other is asked; it is opened with the first, and again when it was closed meanwhile. */
export class Kept {
  readonly #at: NetConnectOpts
  #socket: Socket | null = null
  #said = ''
  #heard: () => void = () => {}

  constructor(at: NetConnectOpts) {
    this.#at = at
  }

  /** Resolves to what is said until it is a whole answer; rejects when that does not come. */
  async ask(question: string, isWhole: (said: string) => boolean): Promise<string> {
    if (this.#socket === null || this.#socket.destroyed || this.#socket.readableEnded) this.#socket = this.#open()
    const socket = this.#socket
    this.#said = ''
    return await new Promise((resolve, reject) => {
      const end = (): void => {
        clearTimeout(late)
        this.#heard = () => {}
        if (isWhole(this.#said)) resolve(this.#said)
        else reject(new Error(`Only "${this.#said}" was answered to: ${question}`))
      }
      const late = setTimeout(() => {
        end()
        socket.destroy()
      }, answerMs)
      this.#heard = () => {
        if (socket.destroyed || isWhole(this.#said)) end()
      }
      socket.write(question)
    })
  }

  close(): void {
    this.#socket?.destroy()
  }

  #open(): Socket {
    const socket = connect(this.#at).setEncoding('latin1').setNoDelay(true)
    socket.on('data', (text: string) => {
      this.#said += text
      this.#heard()
    })
    return socket.on('error', () => {}).on('close', () => this.#heard())
  }
}
