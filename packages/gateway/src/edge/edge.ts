import { EdgeSettings } from '@serin/spec'
import { Proxies } from './proxies.ts'
import { Hop } from './hop.ts'
import { traceOf } from './trace.ts'

/** What an answer says of who gave it: the same for every answer of a version. */
export interface Told {
  /** Lines of HTTP/1.1. */
  readonly lines: Buffer
  /** The same as names and values. */
  readonly list: readonly string[]
  /** A name in lower case that no version may use: the gateway's own for the version, when that is not the usual one. */
  readonly reserved: string | null
  /** Whether it is told that stable answered for another. */
  readonly shields: boolean
  /** Whether the id of the request is told. */
  readonly id: boolean
}

/** What has headers, by their names in lower case. */
interface Headed {
  header(name: string): string | undefined
}

/** The edge of a gateway under one table: whom it believes, and what it tells. */
export class Edge {
  readonly settings: EdgeSettings
  readonly #proxies: Proxies
  readonly #told = new Map<string, Told>()

  constructor(settings: EdgeSettings = EdgeSettings.parse({})) {
    this.settings = settings
    this.#proxies = new Proxies(settings.trustProxies)
  }

  /** How a request came, read from its headers; `before` is how the last one of the same connection did. */
  hop(peer: string, encrypted: boolean, request: Headed, before: Hop | null = null): Hop {
    const trusted = this.#proxies.includes(peer)
    const client = trusted ? this.#proxies.clientBehind(peer, request.header('x-forwarded-for')) : peer
    const trace = traceOf(request.header('traceparent'), this.settings.trace)
    if (before !== null && before.edge === this && before.client === client && before.trace === trace) return before
    return new Hop(this, { peer, client, trusted, encrypted, trace })
  }

  /** What answers of a version say of it. */
  told(version: string): Told {
    const known = this.#told.get(version)
    if (known !== undefined) return known
    const told = toldOf(this.settings, version)
    this.#told.set(version, told)
    return told
  }
}

function toldOf({ versionHeader, serverTiming, answerRequestId }: EdgeSettings, version: string): Told {
  const list = [
    ...(versionHeader === false ? [] : [versionHeader.toLowerCase(), version]),
    ...(serverTiming ? ['server-timing', `serin;desc="${version}"`] : []),
  ]
  let lines = ''
  for (let i = 0; i + 1 < list.length; i += 2) lines += `${list[i]}: ${list[i + 1]}\r\n`
  return {
    lines: Buffer.from(lines, 'latin1'),
    list,
    reserved: list[0] === 'serin-version' || versionHeader === false ? null : versionHeader.toLowerCase(),
    shields: versionHeader !== false,
    id: answerRequestId,
  }
}
