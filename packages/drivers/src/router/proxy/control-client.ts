import type { RoutingTable } from '@serin/core'
import { boundOf, murmurHash2 } from '@serin/core/assignment'
import { SerinError } from '@serin/spec'
import { request } from 'node:http'

const answerWithinMs = 5_000

/** What a proxy that runs says of its table. */
export interface TableInForce {
  readonly revision: number | null
  /** Which control plane sent it; absent where the product does not say. */
  readonly epoch?: number
  readonly arms: readonly (readonly [version: string, weightBp: number])[]
  /** The process that says so; absent where the product does not say. */
  readonly pid?: number
}

/** Where a proxy is asked that has no socket for it: on an address of clients, below a path that only Serin knows. */
export interface ControlAddress {
  readonly host: string
  readonly port: number
  readonly path: string
  /** What a unit that is asked about begins with, so that it is not taken from clients. */
  readonly secret: string
}

/** Asks a proxy what it does, each time over a new connection, so that a worker answers that takes new requests. */
export class ControlClient {
  readonly #name: string
  readonly #at: string | ControlAddress

  /** `name`: what people call the proxy; `at`: the path of its socket, or an address. */
  constructor(name: string, at: string | ControlAddress) {
    this.#name = name
    this.#at = at
  }

  /** The table in force, as it was written; `mark` comes back with the evidence. */
  async table(signal: AbortSignal, mark = ''): Promise<TableInForce> {
    const value = parsed(await this.#get(`/table?mark=${mark}`, '', signal))
    if (!isTableInForce(value))
      throw new SerinError('gateway.failed', `The ${this.#name} that runs says something else than Serin wrote.`)
    return value
  }

  /** The version the hash of the proxy that runs gives a unit. */
  async versionOf(unit: string, signal: AbortSignal): Promise<string> {
    return await this.#get('/split', unit, signal)
  }

  /**
   * The shares that the proxy gives, measured: at each bound the units just beside it are asked about; where one goes elsewhere, the bound is searched
   * for. Exact to a hundredth of a percent, as long as the versions come in the order of the table.
   */
  async weights(table: Pick<RoutingTable, 'salt' | 'arms'>, signal: AbortSignal): Promise<Record<string, number>> {
    const weighted = table.arms.filter(({ weightBp }) => weightBp > 0)
    const versionAt = async (bp: number): Promise<string> => await this.versionOf(unitAt(table.salt, bp), signal)
    let cumulativeBp = 0
    let asked = true
    for (const [i, { version, weightBp }] of weighted.entries()) {
      asked &&=
        // Somebody wrote more than there is: no unit lies beyond.
        cumulativeBp + weightBp <= 10_000 &&
        (await versionAt(cumulativeBp)) === version &&
        (await versionAt(cumulativeBp + weightBp - 1)) === version
      cumulativeBp += weightBp
      if (!asked || i === weighted.length - 1) break
    }
    if (asked) return Object.fromEntries(table.arms.map(({ version, weightBp }) => [version, weightBp]))
    return await searched(table, versionAt)
  }

  async #get(path: string, probe: string, signal: AbortSignal): Promise<string> {
    const limited = AbortSignal.any([signal, AbortSignal.timeout(answerWithinMs)])
    const at = this.#at
    const where =
      typeof at === 'string' ? { socketPath: at, path } : { host: at.host, port: at.port, path: `${at.path}${path}` }
    const unit = typeof at === 'string' || probe === '' ? probe : `${at.secret}${probe}`
    try {
      return await new Promise((resolve, reject) => {
        const outgoing = request({
          ...where,
          agent: false,
          headers: { host: 'serin', 'serin-probe': unit },
          signal: limited,
        })
        outgoing.on('error', reject)
        outgoing.on('response', (answer) => {
          let text = ''
          answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
          answer.on('error', reject).on('end', () => {
            // Somebody else has the address.
            if (answer.statusCode === 200) resolve(text)
            else reject(new Error(`status ${answer.statusCode}`))
          })
        })
        outgoing.end()
      })
    } catch (cause) {
      signal.throwIfAborted()
      throw new SerinError(
        'gateway.unreachable',
        `${this.#name} does not answer on ${typeof at === 'string' ? at : `${at.host}:${at.port}`}.`,
        { cause },
      )
    }
  }
}

/** The bounds between versions that follow each other, found by halving. */
async function searched(
  { arms }: Pick<RoutingTable, 'arms'>,
  versionAt: (bp: number) => Promise<string>,
): Promise<Record<string, number>> {
  const found: Record<string, number> = Object.fromEntries(arms.map(({ version }) => [version, 0]))
  let from = 0
  while (from < 10_000) {
    const version = await versionAt(from)
    let [inside, outside] = [from, 10_000]
    while (outside - inside > 1) {
      const middle = Math.floor((inside + outside) / 2)
      if ((await versionAt(middle)) === version) inside = middle
      else outside = middle
    }
    found[version] = (found[version] ?? 0) + outside - from
    from = outside
  }
  return found
}

const known = new Map<string, string>()
const mostKnown = 10_000

/** A unit whose hash lies in this hundredth of a percent. About ten thousand are tried. */
function unitAt(salt: string, bp: number): string {
  const key = `${bp} ${salt}`
  const before = known.get(key)
  if (before !== undefined) return before
  const [low, high] = [boundOf(bp), boundOf(bp + 1)]
  for (let i = 0; ; i += 1) {
    const unit = `serin-${i}`
    const hash = murmurHash2(salt + unit)
    if (hash < low || hash >= high) continue
    if (known.size >= mostKnown) known.clear()
    known.set(key, unit)
    return unit
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

function isTableInForce(value: unknown): value is TableInForce {
  return (
    typeof value === 'object' && value !== null && 'revision' in value && 'arms' in value && Array.isArray(value.arms)
  )
}
