import type { RoutingTable } from '@serin/core'
import type { RequestView } from '@serin/core/assignment'
import type { TokenSource } from '@serin/spec'
import { hash, timingSafeEqual } from 'node:crypto'
import { bareAddress } from '../address.ts'
import { CountryDatabase } from './country-database.ts'
import { KeySet } from './key-set.ts'
import type { KeyTimes } from './key-set.ts'
import { Tokens } from './tokens.ts'
import type { Claims } from './tokens.ts'

/** The header with the secret of an override; no version sees it. */
export const keyHeader = 'serin-key'

/** What a table asks to be looked up, ready. */
interface Sources {
  readonly database: CountryDatabase | null
  readonly addressHeader: string | null
  readonly token: TokenSource | null
  readonly tokens: Tokens | null
  /** Secrets that were right: a hash each time would be dear. What is wrong is not kept. */
  readonly goodKeys: Set<string>
}

const nothing: Sources = { database: null, addressHeader: null, token: null, tokens: null, goodKeys: new Set() }

/** What requests are looked up in: a database of countries, the keys of tokens. All of it is in memory, or it is not known: no request waits. */
export class Lookups {
  readonly #log: (event: string, fields: Readonly<Record<string, unknown>>) => void
  readonly #times: KeyTimes | undefined
  #asked = ''
  #sources = nothing
  #keys: KeySet | null = null
  #needed = false

  constructor(options: {
    readonly log: (event: string, fields: Readonly<Record<string, unknown>>) => void
    readonly keyTimes?: KeyTimes | undefined
  }) {
    this.#log = options.log
    this.#times = options.keyTimes
  }

  /** Hears of the table that is in force from now on; what it asks for as the one before did is kept. */
  change({ country, token, overrideKeySha256 }: Pick<RoutingTable, 'country' | 'token' | 'overrideKeySha256'>): void {
    const fromDatabase = country !== undefined && 'database' in country
    this.#needed = fromDatabase || token !== undefined || overrideKeySha256 !== undefined
    const asked = JSON.stringify([country, token, overrideKeySha256])
    if (asked === this.#asked) return
    this.#asked = asked
    const before = this.#sources.database
    const file = fromDatabase ? country.database : null
    if (before !== null && before.file !== file) before.close()
    const database = file === null ? null : before?.file === file ? before : new CountryDatabase(file, this.#log)
    const addressHeader = fromDatabase ? (country.addressHeader?.toLowerCase() ?? null) : null
    const keys = this.#keysAt(token?.jwks ?? null)
    const tokens = token === undefined ? null : new Tokens(token, keys)
    this.#sources = { database, addressHeader, token: token ?? null, tokens, goodKeys: new Set() }
  }

  /** The request with what is known of it besides; the request itself when the table asks for nothing. `trusted`: who sent it says whose it is. */
  seen(request: RequestView, trusted: boolean): RequestView {
    return this.#needed ? new SeenRequest(request, this.#sources, trusted) : request
  }

  /** Why something is not known that the table asks for, in sentences. */
  get problems(): readonly string[] {
    const { database } = this.#sources
    return [
      ...(database?.problem == null ? [] : [`Countries in ${database.file}: ${database.problem}`]),
      ...(this.#keys?.problem == null ? [] : [`Keys at ${this.#keys.url}: ${this.#keys.problem}`]),
    ]
  }

  close(): void {
    this.#sources.database?.close()
    this.#keys?.close()
  }

  #keysAt(url: string | null): KeySet | null {
    if (this.#keys?.url === url) return this.#keys
    this.#keys?.close()
    const changed = (): void => this.#sources.tokens?.forget()
    const times = this.#times === undefined ? {} : { times: this.#times }
    this.#keys = url === null ? null : new KeySet(url, { log: this.#log, changed, ...times })
    return this.#keys
  }
}

/** Whether the request has a token that cannot be judged yet, where such a request is to be refused. Asked after the decision: only what it looked at counts. */
export function isUndecidable(request: RequestView): boolean {
  return request instanceof SeenRequest && request.undecidable
}

/** A request and what is looked up about it; each only when a decision asks. */
class SeenRequest implements RequestView {
  readonly #request: RequestView
  readonly #sources: Sources
  readonly #trusted: boolean
  #claims: Claims | 'unknown' | null | undefined

  constructor(request: RequestView, sources: Sources, trusted: boolean) {
    this.#request = request
    this.#sources = sources
    this.#trusted = trusted
  }

  header(name: string): string | undefined {
    return this.#request.header(name)
  }

  cookie(name: string): string | undefined {
    return this.#request.cookie(name)
  }

  query(name: string): string | undefined {
    return this.#request.query(name)
  }

  path(): string {
    return this.#request.path()
  }

  pathBegins(text: string, wholly: boolean): boolean {
    return this.#request.pathBegins(text, wholly)
  }

  address(): string {
    return this.#request.address()
  }

  country(): string | undefined {
    const { database, addressHeader } = this.#sources
    const told = addressHeader === null || !this.#trusted ? undefined : this.header(addressHeader)
    return database?.countryOf(told === undefined ? this.address() : lastOf(told))
  }

  claim(name: string): string | undefined {
    if (this.#claims === undefined) this.#claims = this.#readClaims()
    return this.#claims === 'unknown' ? undefined : this.#claims?.get(name)
  }

  hasKey(sha256: string): boolean {
    const key = this.header(keyHeader)
    if (key === undefined) return false
    const { goodKeys } = this.#sources
    if (goodKeys.has(key)) return true
    const isGood = timingSafeEqual(Buffer.from(hash('sha256', key)), Buffer.from(sha256))
    if (isGood) goodKeys.add(key)
    return isGood
  }

  get undecidable(): boolean {
    return this.#claims === 'unknown' && this.#sources.token?.unknownKeys === 'refuse'
  }

  #readClaims(): Claims | 'unknown' | null {
    const { token, tokens } = this.#sources
    if (token === null || tokens === null) return null
    const text = token.cookie === undefined ? this.header(headerOf(token)) : this.cookie(token.cookie)
    if (text === undefined || text === '') return null
    return tokens.claimsOf(text, Date.now())
  }
}

function headerOf({ header = 'authorization' }: TokenSource): string {
  return header.toLowerCase()
}

/** The last address of a list, which whoever stands in front has added. */
function lastOf(value: string): string {
  return bareAddress(value.slice(value.lastIndexOf(',') + 1))
}
