import { EdgeSettings } from '@serin/spec'
import { Proxies } from './proxies.ts'
import { traceOf } from './trace.ts'
import type { Trace } from './trace.ts'

/** What an answer says of who gave it: the same for every answer of a version. */
export interface Told {
  /** Lines of HTTP/1.1. */
  readonly lines: string
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

/** How a request came: who sent it on, and whether that one is believed. */
export interface Hop {
  readonly edge: Edge
  /** Who connected. */
  readonly peer: string
  /** Who asks, as far as that is known. */
  readonly client: string
  readonly trusted: boolean
  readonly encrypted: boolean
  readonly trace: Trace
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

  /** How a request came, read from its headers. */
  hop(peer: string, encrypted: boolean, request: Headed): Hop {
    const trusted = this.#proxies.includes(peer)
    const client = trusted ? this.#proxies.clientBehind(peer, request.header('x-forwarded-for')) : peer
    const trace = traceOf(request.header('traceparent'), this.settings.trace)
    return { edge: this, peer, client, trusted, encrypted, trace }
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
    lines,
    list,
    reserved: list[0] === 'serin-version' || versionHeader === false ? null : versionHeader.toLowerCase(),
    shields: versionHeader !== false,
    id: answerRequestId,
  }
}
