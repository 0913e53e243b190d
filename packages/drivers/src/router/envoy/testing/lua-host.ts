import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** A request as Envoy's Lua filter sees it; one character of a text is one byte. */
export interface LuaRequest {
  readonly door?: string
  readonly address?: string
  /** Name in lower case, and value; in order, pseudo-headers among them. */
  readonly headers: readonly (readonly [name: string, value: string])[]
}

/** What a script did: what it left in the metadata, what it answered, whether routes are chosen anew, and headers when it changed some, a line each. */
export type LuaDid = Readonly<
  Partial<Record<'version' | 'decided' | 'mark' | 'status' | 'body' | 'cleared' | 'sent' | 'problem', string>>
>

/** A LuaJIT that runs a script for one request after the other. */
export class LuaHost implements Disposable {
  readonly #child: ChildProcess
  readonly #waiting: ((line: string) => void)[] = []
  #unsent = ''
  #complaints = ''

  /** Starts with a script. */
  constructor(script: string) {
    const host = fileURLToPath(new URL('lua-host.lua', import.meta.url))
    const child = spawn('luajit', [host], { stdio: ['pipe', 'pipe', 'pipe'] })
    this.#child = child
    child.stdin.on('error', () => {}).write(`${Buffer.from(script).toString('hex')}\n`)
    child.stderr?.setEncoding('utf8').on('data', (said: string) => (this.#complaints += said))
    if (child.stdout !== null) createInterface(child.stdout).on('line', (line) => this.#waiting.shift()?.(line))
    child.on('close', () => {
      for (const answer of this.#waiting.splice(0)) answer(`problem=${Buffer.from(this.#complaints).toString('hex')}`)
    })
  }

  /** What the script does with a request. */
  async run({ door = '', address = '127.0.0.1:1', headers }: LuaRequest): Promise<LuaDid> {
    const words = [door, address, ...headers.flat()].map((word) => `[${Buffer.from(word, 'latin1').toString('hex')}]`)
    const answer = new Promise<string>((resolve) => this.#waiting.push(resolve))
    this.#unsent += `${words.join('')}\n`
    // Those that are asked together go together.
    setImmediate(() => this.#send())
    const said = (await answer).split(' ').flatMap((part) => {
      const [key, value = ''] = part.split('=')
      return key === undefined || key === '' ? [] : [[key, Buffer.from(value, 'hex').toString('utf8')] as const]
    })
    return Object.fromEntries(said)
  }

  #send(): void {
    if (this.#unsent === '') return
    this.#child.stdin?.write(this.#unsent)
    this.#unsent = ''
  }

  [Symbol.dispose](): void {
    this.#child.stdin?.end()
    this.#child.kill()
  }
}
