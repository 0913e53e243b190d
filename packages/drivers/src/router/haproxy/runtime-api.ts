import { SerinError } from '@serin/spec'
import { connect } from 'node:net'
import type { Server } from './servers.ts'
import type { Entry } from './table-map.ts'

const answerWithinMs = 5_000
/** HAProxy reads a command into one buffer. */
const mostBytes = 12_000

/** A proxy as `show stat` tells of it. */
export interface Stat {
  readonly proxy: string
  readonly name: string
  readonly status: string
  readonly weight: number
  readonly address: string
  /** Requests, streams and tunnels under way. */
  readonly current: number
}

/** The runtime API of one HAProxy: a socket that takes a command per connection. */
export class RuntimeApi {
  readonly #socketPath: string

  constructor(socketPath: string) {
    this.#socketPath = socketPath
  }

  /** Sends a command. Rejects when the answer is not the wanted one. */
  async command(text: string, wanted: RegExp, signal: AbortSignal): Promise<string> {
    const answer = (await this.#send(text, signal)).trim()
    if (wanted.test(answer)) return answer
    throw new SerinError('gateway.failed', `HAProxy refuses "${text.split('\n')[0] ?? ''}": ${answer}`)
  }

  /** Frontends and servers. */
  async stats(signal: AbortSignal): Promise<readonly Stat[]> {
    const [head = '', ...rows] = (await this.command('show stat', /^# pxname,/, signal)).split('\n')
    const names = head.replace('# ', '').split(',')
    return rows.map((row) => {
      const fields = row.split(',')
      const of = (name: string): string => fields[names.indexOf(name)] ?? ''
      return {
        proxy: of('pxname'),
        name: of('svname'),
        status: of('status'),
        weight: Number(of('weight')),
        address: of('addr'),
        current: Number(of('scur')),
      }
    })
  }

  /** What a map has, in no order. */
  async map(file: string, signal: AbortSignal): Promise<readonly Entry[]> {
    const text = await this.#send(`show map ${file}`, signal)
    return text.split('\n').flatMap((line): Entry[] => {
      const [, key, value = ''] = /^0x[0-9a-f]+ (\S+) ?(.*)$/.exec(line) ?? []
      return key === undefined ? [] : [[key, value]]
    })
  }

  /** Replaces all of a map at once: a request sees the old one or the new one. */
  async replaceMap(file: string, entries: readonly Entry[], signal: AbortSignal): Promise<void> {
    const begun = await this.command(`prepare map ${file}`, /^New version created: \d+$/, signal)
    const version = /\d+$/.exec(begun)?.[0] ?? ''
    for (const chunk of chunksOf(entries))
      await this.command(`add map @${version} ${file} <<\n${chunk.join('')}`, /^$/, signal)
    await this.command(`commit map @${version} ${file}`, /^$/, signal)
  }

  /** Makes a server that takes requests. */
  async addServer({ backend, name, address }: Server, signal: AbortSignal): Promise<void> {
    await this.command(`add server ${backend}/${name} ${address} ${serverWords}`, /registered/, signal)
    await this.command(`set server ${backend}/${name} state ready`, /^$/, signal)
  }

  async #send(text: string, signal: AbortSignal): Promise<string> {
    const limited = AbortSignal.any([signal, AbortSignal.timeout(answerWithinMs)])
    try {
      return await new Promise((resolve, reject) => {
        let answer = ''
        const socket = connect({ path: this.#socketPath, signal: limited })
        socket.setEncoding('utf8').on('data', (chunk: string) => (answer += chunk))
        socket.on('error', reject).on('end', () => resolve(answer))
        socket.on('close', () => reject(new Error('closed without an answer')))
        socket.write(`${text}\n`)
      })
    } catch (cause) {
      signal.throwIfAborted()
      throw new SerinError('gateway.unreachable', `HAProxy does not answer on ${this.#socketPath}.`, { cause })
    }
  }
}

/** What stands behind every server, in the configuration and in commands: idle connections are given up before servers usually do. */
export const serverWords = 'pool-purge-delay 2s'

function chunksOf(entries: readonly Entry[]): readonly (readonly string[])[] {
  const chunks: string[][] = []
  let bytes = Infinity
  for (const [key, value] of entries) {
    const line = `${key} ${value}\n`
    bytes += line.length
    if (bytes > mostBytes) {
      chunks.push([])
      bytes = line.length
    }
    chunks.at(-1)?.push(line)
  }
  return chunks
}
