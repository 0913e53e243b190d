import { createPublicKey } from 'node:crypto'
import type { JsonWebKey, KeyObject } from 'node:crypto'

/** How keys are fetched; times in ms. */
export interface KeyTimes {
  /** A fetch that takes longer is given up. */
  readonly fetchMs: number
  /** Between two fetches when all is well. */
  readonly refreshMs: number
  /** Between two fetches at least, whatever tokens come. */
  readonly restMs: number
}

const inProduction: KeyTimes = { fetchMs: 5_000, refreshMs: 300_000, restMs: 10_000 }
const largestBytes = 1_048_576
const mostKeys = 100

/** A key of the set, and what its owner says it is for. */
export interface SetKey {
  readonly key: KeyObject
  readonly algorithm: string | undefined
}

/**
 * The public keys of an issuer (a JWK set), fetched in the background: nobody ever waits for them. They are fetched again from time to time, and when a token
 * names a key that is not there; while that fails, those that were fetched before go on to hold.
 */
export class KeySet {
  readonly url: string
  readonly #log: (event: string, fields: Readonly<Record<string, unknown>>) => void
  readonly #times: KeyTimes
  readonly #changed: () => void
  readonly #stop = new AbortController()
  #keys: ReadonlyMap<string, SetKey> | null = null
  #text = ''
  #fetching = false
  #startedMs = -Infinity
  #fresh = false
  #problem: string | null = null
  #timer: NodeJS.Timeout | null = null

  constructor(
    url: string,
    options: {
      readonly log: (event: string, fields: Readonly<Record<string, unknown>>) => void
      /** Hears that other keys hold now. */
      readonly changed: () => void
      readonly times?: KeyTimes
    },
  ) {
    this.url = url
    this.#log = options.log
    this.#changed = options.changed
    this.#times = options.times ?? inProduction
    void this.#fetch()
  }

  /** Why the keys are not there, or not the latest; null when all is well. */
  get problem(): string | null {
    return this.#problem
  }

  /** The key a token names, or the only one when it names none; `unknown` while it may still turn up, and null when it is none of the set. */
  keyOf(id: string | undefined): SetKey | 'unknown' | null {
    const keys = this.#keys
    const found = id === undefined ? only(keys) : keys?.get(id)
    if (found !== undefined) return found
    if (this.#fetching) return 'unknown'
    if (performance.now() - this.#startedMs >= this.#times.restMs) {
      void this.#fetch()
      return 'unknown'
    }
    return this.#fresh ? null : 'unknown'
  }

  close(): void {
    this.#stop.abort()
    if (this.#timer !== null) clearTimeout(this.#timer)
  }

  async #fetch(): Promise<void> {
    const { fetchMs, refreshMs, restMs } = this.#times
    this.#fetching = true
    this.#startedMs = performance.now()
    try {
      const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(fetchMs)])
      const text = await textAt(this.url, signal)
      const keys = keysIn(text)
      this.#fresh = true
      this.#problem = null
      this.#keys = keys
      if (text !== this.#text) {
        this.#text = text
        this.#changed()
        this.#log('keys.fetched', { url: this.url, keys: [...keys.keys()] })
      }
    } catch (error) {
      this.#fresh = false
      const problem = error instanceof Error ? error.message : String(error)
      if (problem !== this.#problem && !this.#stop.signal.aborted)
        this.#log('keys.unreachable', { url: this.url, problem })
      this.#problem = problem
    }
    this.#fetching = false
    if (this.#stop.signal.aborted) return
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.#fetch(), this.#fresh ? refreshMs : restMs)
    this.#timer.unref()
  }
}

async function textAt(url: string, signal: AbortSignal): Promise<string> {
  const answer = await fetch(url, { signal, redirect: 'error', headers: { accept: 'application/json' } })
  if (!answer.ok) throw new Error(`The keys were answered with ${answer.status}.`)
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of answer.body ?? []) {
    bytes += chunk.length
    if (bytes > largestBytes) throw new Error(`The keys are longer than ${largestBytes} bytes.`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function keysIn(text: string): ReadonlyMap<string, SetKey> {
  const value: unknown = JSON.parse(text)
  const list: unknown = typeof value === 'object' && value !== null && 'keys' in value ? value.keys : null
  if (!Array.isArray(list)) throw new Error('The keys are no JWK set: there is no list "keys".')
  const keys = new Map<string, SetKey>()
  for (const [i, jwk] of (list as JsonWebKey[]).slice(0, mostKeys).entries()) {
    if (jwk?.['use'] !== undefined && jwk['use'] !== 'sig') continue
    try {
      const { kid, alg } = jwk as { kid?: unknown; alg?: unknown }
      const key = createPublicKey({ key: jwk, format: 'jwk' })
      keys.set(typeof kid === 'string' ? kid : `#${i}`, { key, algorithm: typeof alg === 'string' ? alg : undefined })
    } catch {
      // A key of a kind that Node does not know is of no use, and no reason to lose the others.
    }
  }
  return keys
}

function only(keys: ReadonlyMap<string, SetKey> | null): SetKey | undefined {
  return keys?.size === 1 ? [...keys.values()][0] : undefined
}
