import type { Engine } from '@serin/engine'
import { adminName, mayDo, SerinError, type AccessToken, type Role } from '@serin/spec'
import { digestOf, newSecret, ownerOf } from './secret.ts'
import { readTokens, setAside, stageTokens, type KeptToken } from './token-file.ts'

/** Every request compares with all of them. */
const maxTokens = 500
/** Timers count no further. */
const longestTimerMs = 2 ** 31 - 1

/** Whoever sends a request. */
export interface Person {
  /** The actor of the journal. */
  readonly name: string
  readonly role: Role
  /** Of the token that speaks for them. */
  readonly digest: string
  /** A signal that aborts when the token is no good any more. */
  readonly gone: () => AbortSignal
}

/** What a token is made with. */
export interface WantedToken {
  readonly name: string
  readonly role: Role
  readonly expiresInMs: number | null
  readonly why: string
}

/** What the book works with. */
export interface TokenBookOptions {
  readonly dataDirectory: string
  /** The token of the data directory, whose holder may do everything. */
  readonly adminToken: string
  readonly now: () => number
  readonly record: Engine['record']
  readonly log: (line: string) => void
}

interface Entry {
  readonly kept: KeptToken
  readonly digest: string
  readonly revoked: AbortController
}

/** Who holds which token, and what they may do. Kept in `tokens.json` as digests; with a file nobody can read, only the token of the data directory is known. */
export class TokenBook {
  readonly #options: TokenBookOptions
  readonly #admin: { readonly digest: string }
  readonly #entries = new Map<string, Entry>()
  /** The file is there and nobody can read it. */
  #torn = false

  constructor(options: TokenBookOptions) {
    this.#options = options
    this.#admin = { digest: digestOf(options.adminToken) }
    const read = readTokens(options.dataDirectory)
    if ('tokens' in read) for (const kept of read.tokens) this.#adopt(kept)
    else {
      this.#torn = true
      options.log(`tokens.json cannot be read (${read.unreadable}): only the token of the data directory is known`)
    }
  }

  /** Whose a secret is. Throws `auth.refused` or `auth.expired`. */
  personOf(secret: string): Person {
    const found = ownerOf<{ readonly digest: string; readonly kept?: KeptToken }>(secret, [
      this.#admin,
      ...this.#entries.values(),
    ])
    const person = found === undefined ? null : this.holderOf(found.digest)
    if (found === undefined) throw new SerinError('auth.refused', 'This token is not one of this control plane.')
    if (person !== null) return person
    const { name = adminName, expiresAt = null } = found.kept ?? {}
    throw new SerinError(
      'auth.expired',
      `The token of ${name} has expired on ${new Date(expiresAt ?? 0).toISOString()}.`,
    )
  }

  /** Who holds the token with this digest; null when there is no such token, or it has expired. */
  holderOf(digest: string): Person | null {
    if (digest === this.#admin.digest)
      return { name: adminName, role: 'admin', digest, gone: () => new AbortController().signal }
    const found = [...this.#entries.values()].find((entry) => entry.digest === digest)
    if (found === undefined) return null
    const { kept, revoked } = found
    const { name, role, expiresAt } = kept
    if (expiresAt === null) return { name, role, digest, gone: () => revoked.signal }
    const leftMs = expiresAt - this.#options.now()
    if (leftMs <= 0) return null
    const gone = () => AbortSignal.any([revoked.signal, AbortSignal.timeout(Math.min(leftMs, longestTimerMs))])
    return { name, role, digest, gone }
  }

  /** All tokens, by name. */
  list(): readonly AccessToken[] {
    return [...this.#entries.values()].map(({ kept }) => shown(kept)).sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  /** Makes a token; nobody is told its secret again. Throws `token.refused`. */
  create({ name, role, expiresInMs, why }: WantedToken, by: string): { token: AccessToken; secret: string } {
    const same = this.#entries.get(keyOf(name))
    if (same !== undefined) throw new SerinError('token.refused', `There is a token called ${same.kept.name} already.`)
    if (this.#entries.size >= maxTokens)
      throw new SerinError('token.refused', `There are ${maxTokens} tokens; no more are kept.`)
    const now = this.#options.now()
    const secret = newSecret()
    const expiresAt = expiresInMs === null ? null : now + expiresInMs
    const token = { name, role, lastFour: secret.slice(-4), createdAt: now, createdBy: by, expiresAt }
    const kept = { ...token, digest: digestOf(secret) }
    // What gives a right is told before it is done: no token works that the journal does not know.
    const keep = this.#stage([...this.#kept(), kept])
    this.#options.record('token.created', { by, why }, { token: name, role, expiresAt })
    keep()
    this.#adopt(kept)
    return { token, secret }
  }

  /** Takes a token back. Throws `token.not-found`. */
  revoke(name: string, { by, why }: { readonly by: string; readonly why: string }): AccessToken {
    const entry = this.#entries.get(keyOf(name))
    if (entry === undefined) throw new SerinError('token.not-found', `There is no token called "${name}".`)
    const keep = this.#stage(this.#kept().filter((kept) => kept !== entry.kept))
    // What takes a right is done before it is told: no token works that the journal calls revoked.
    keep()
    this.#entries.delete(keyOf(name))
    entry.revoked.abort()
    this.#options.record('token.revoked', { by, why }, { token: entry.kept.name, role: entry.kept.role })
    return shown(entry.kept)
  }

  #kept(): readonly KeptToken[] {
    return [...this.#entries.values()].map(({ kept }) => kept)
  }

  #adopt(kept: KeptToken): void {
    this.#entries.set(keyOf(kept.name), { kept, digest: kept.digest, revoked: new AbortController() })
  }

  #stage(tokens: readonly KeptToken[]): () => void {
    const keep = stageTokens(this.#options.dataDirectory, tokens)
    return () => {
      if (this.#torn) setAside(this.#options.dataDirectory)
      this.#torn = false
      keep()
    }
  }
}

/** Refuses somebody whose role is too small. Throws `auth.forbidden`. */
export function checkRole({ name, role }: Pick<Person, 'name' | 'role'>, what: string, needed: Role): void {
  if (mayDo(role, needed)) return
  throw new SerinError('auth.forbidden', `You are ${name}, with the role ${role}; ${what} needs the role ${needed}.`, {
    details: { actor: name, role, needed },
  })
}

/** People who are told apart by a capital letter are one too many. */
function keyOf(name: string): string {
  return name.toLowerCase()
}

function shown({ digest: _digest, ...token }: KeptToken): AccessToken {
  return token
}
