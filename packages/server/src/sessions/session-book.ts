import { SerinError } from '@serin/spec'
import { digestOf, newSecret, ownerOf } from '../tokens/secret.ts'
import type { Person, TokenBook } from '../tokens/token-book.ts'
import { readSessions, writeSessions, type KeptSession } from './session-file.ts'

const linkLifeMs = 10 * 60_000
const sessionLifeMs = 7 * 86_400_000
/** The oldest give way. */
const maxLinks = 50
const maxSessions = 200

/** What the book works with. */
export interface SessionBookOptions {
  readonly dataDirectory: string
  readonly tokens: TokenBook
  readonly now: () => number
  readonly log: (line: string) => void
}

/**
 * The two halves of a session. The cookie goes to everything that answers under this host name, whatever its port, and no script reads it; the page's half is
 * kept by pages of this very address and goes nowhere by itself. Neither is of use without the other.
 */
export interface SessionHalves {
  readonly cookie: string
  readonly page: string
}

interface Link {
  readonly digest: string
  readonly holder: string
  readonly endsAt: number
}

interface Session {
  readonly kept: KeptSession
  readonly digest: string
  readonly closed: AbortController
}

/** Browsers that are logged in. A session stands for the token that made its link, and ends with it; kept in `sessions.json` as digests, so that a restart logs nobody out. */
export class SessionBook {
  readonly #options: SessionBookOptions
  #links: readonly Link[] = []
  #sessions: readonly Session[]

  constructor(options: SessionBookOptions) {
    this.#options = options
    this.#sessions = readSessions(options.dataDirectory).map(sessionOf)
  }

  /** Makes a code that logs a browser in as the holder of a token: once, and not for long. */
  link(holder: Person): { readonly code: string; readonly expiresAt: number } {
    const code = newSecret()
    const endsAt = this.#options.now() + linkLifeMs
    const link = { digest: digestOf(code), holder: holder.digest, endsAt }
    this.#links = [...this.#open(this.#links), link].slice(-maxLinks)
    return { code, expiresAt: endsAt }
  }

  /** Logs in with a code, which is used up. Throws `login.refused`. */
  open(code: string): SessionHalves {
    const link = ownerOf(code, this.#open(this.#links))
    if (link === undefined)
      throw new SerinError('login.refused', 'This link is not good any more: it has been used, or is too old.')
    this.#links = this.#links.filter((one) => one !== link)
    const halves = { cookie: newSecret(), page: newSecret() }
    const endsAt = this.#options.now() + sessionLifeMs
    const kept = { cookie: digestOf(halves.cookie), page: digestOf(halves.page), holder: link.holder, endsAt }
    this.#keep([...this.#sessions.filter(({ kept: { endsAt: end } }) => this.#isAhead(end)), sessionOf(kept)])
    return halves
  }

  /** Whose session it is. Throws `session.over`. */
  personOf(halves: SessionHalves): Person {
    const session = this.#find(halves)
    const holder = session === undefined ? null : this.#options.tokens.holderOf(session.kept.holder)
    if (session === undefined || holder === null)
      throw new SerinError('session.over', 'This browser is not logged in any more.')
    return { ...holder, gone: () => AbortSignal.any([holder.gone(), session.closed.signal]) }
  }

  /** Logs out, at once: event streams of the session end. */
  close(halves: SessionHalves): void {
    const session = this.#find(halves)
    if (session === undefined) return
    session.closed.abort()
    this.#keep(this.#sessions.filter((one) => one !== session))
  }

  #find({ cookie, page }: SessionHalves): Session | undefined {
    const session = ownerOf(cookie, this.#sessions)
    const same = session === undefined ? undefined : ownerOf(page, [{ digest: session.kept.page }])
    return same !== undefined && session !== undefined && this.#isAhead(session.kept.endsAt) ? session : undefined
  }

  #open(links: readonly Link[]): readonly Link[] {
    return links.filter(({ endsAt }) => this.#isAhead(endsAt))
  }

  #isAhead(at: number): boolean {
    return at > this.#options.now()
  }

  /** Who logs in while the disk is full is logged in until the next start. */
  #keep(sessions: readonly Session[]): void {
    this.#sessions = sessions.slice(-maxSessions)
    try {
      writeSessions(
        this.#options.dataDirectory,
        this.#sessions.map(({ kept }) => kept),
      )
    } catch (error) {
      this.#options.log(`sessions are not kept beyond this control plane: ${String(error)}`)
    }
  }
}

function sessionOf(kept: KeptSession): Session {
  return { kept, digest: kept.cookie, closed: new AbortController() }
}
