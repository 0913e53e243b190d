import type { SecureContext } from 'node:tls'
import { readCertificate, stateOf } from './certificate.ts'
import type { Certificate, CertificateFiles } from './certificate.ts'

const lookEveryMs = 2_000
const dayMs = 86_400_000
/** Whoever renews by a machine has done so by then. */
const soonDays = 14

/** A certificate as a report tells it. */
export interface ShownCertificate {
  readonly certificate: string
  /** As the certificate lists them, such as `DNS:shop.example`. */
  readonly names: readonly string[]
  /** ms since the epoch. */
  readonly expiresAt: number
}

type Log = (event: string, fields: Readonly<Record<string, unknown>>) => void

/** The certificates that clients are shown. Looked at every two seconds; what has changed for the better is taken, a pair that does not fit is refused and the old one stays. */
export class Certificates {
  readonly #places: readonly Place[]
  readonly #log: Log
  readonly #timer: NodeJS.Timeout
  readonly #followers = new Set<(first: Certificate) => void>()
  #told = ''

  private constructor(places: readonly Place[], log: Log) {
    this.#places = places
    this.#log = log
    this.#timer = setInterval(() => void this.look(), lookEveryMs)
    this.#timer.unref()
    this.#tell()
  }

  /** Reads them all, if there are any; rejects with a sentence when one cannot be used. */
  static async open(files: readonly CertificateFiles[] = [], log: Log): Promise<Certificates | null> {
    if (files.length === 0) return null
    const places = await Promise.all(
      files.map(async (one) => {
        const state = await stateOf(one)
        return new Place(await readCertificate(one), state)
      }),
    )
    for (const { certificate } of places) log('tls.loaded', shown(certificate))
    return new Certificates(places, log)
  }

  /** The one for who names no server, or one that nobody knows. */
  get first(): Certificate {
    const [place] = this.#places
    if (place === undefined) throw new Error('there is no certificate')
    return place.certificate
  }

  /** The certificate for a server that a client names. */
  contextFor(name: string): SecureContext {
    const place = this.#places.find(({ certificate: { x509 } }) => x509.checkHost(name) !== undefined)
    return (place?.certificate ?? this.first).context
  }

  /** Calls back with the first one whenever any has changed; returns how to end that. */
  follow(changed: (first: Certificate) => void): () => void {
    this.#followers.add(changed)
    return () => this.#followers.delete(changed)
  }

  /** Looks whether the files have changed; never rejects. `now` does not wait for who is still writing. */
  async look({ now = false } = {}): Promise<void> {
    const changes = await Promise.all(this.#places.map(async (place) => await place.look(now)))
    for (const [i, { certificate, problem }] of this.#places.entries()) {
      if (changes[i] === 'changed') this.#log('tls.loaded', shown(certificate))
      else if (changes[i] === 'refused') this.#log('tls.refused', { problem, kept: shown(certificate) })
    }
    if (changes.includes('changed')) for (const changed of this.#followers) changed(this.first)
    this.#tell()
  }

  /** What is wrong with them, in sentences. */
  get problems(): readonly string[] {
    const nowMs = Date.now()
    return this.#places.flatMap((place) => [...place.refused(), ...warningsOf(place.certificate, nowMs)])
  }

  get shown(): readonly ShownCertificate[] {
    return this.#places.map(({ certificate }) => shown(certificate))
  }

  close(): void {
    clearInterval(this.#timer)
  }

  /** Says what will be trouble, once for each change. */
  #tell(): void {
    const nowMs = Date.now()
    const warnings = this.#places.flatMap(({ certificate }) => warningsOf(certificate, nowMs))
    const told = JSON.stringify(warnings)
    if (told === this.#told) return
    this.#told = told
    for (const problem of warnings) this.#log('tls.warning', { problem })
  }
}

/** One certificate, and what has become of its files since it was read. */
class Place {
  certificate: Certificate
  problem: string | null = null
  #taken: string
  /** The state that was seen last, and the one that was refused. */
  #seen: string
  #judged: string

  constructor(certificate: Certificate, state: string) {
    this.certificate = certificate
    this.#taken = state
    this.#seen = state
    this.#judged = state
  }

  async look(now: boolean): Promise<'changed' | 'refused' | 'same'> {
    const state = await stateOf(this.certificate.files)
    const settled = now || state === this.#seen
    this.#seen = state
    if (state === this.#taken && this.problem === null) return 'same'
    if (state === this.#judged && !now) return 'same'
    try {
      this.certificate = await readCertificate(this.certificate.files)
      this.#taken = state
      this.#judged = state
      this.problem = null
      return 'changed'
    } catch (error) {
      // Whoever writes a new pair writes one file after the other: only what stays so is told.
      if (!settled) return 'same'
      this.#judged = state
      this.problem = error instanceof Error ? error.message : String(error)
      return 'refused'
    }
  }

  refused(): readonly string[] {
    const { problem, certificate } = this
    if (problem === null) return []
    return [`${problem} The one before goes on being shown, until ${dayOf(certificate.expiresAt)}.`]
  }
}

function warningsOf({ files, expiresAt, exposed }: Certificate, nowMs: number): readonly string[] {
  const warnings: string[] = []
  const days = Math.floor((expiresAt - nowMs) / dayMs)
  if (expiresAt <= nowMs) warnings.push(`The certificate ${files.certificate} expired on ${dayOf(expiresAt)}.`)
  else if (days < soonDays)
    warnings.push(
      `The certificate ${files.certificate} expires on ${dayOf(expiresAt)}, in ${days === 1 ? 'one day' : `${days} days`}.`,
    )
  if (exposed)
    warnings.push(`Everybody on this machine may read the key ${files.key}: "chmod o-rwx" takes that from them.`)
  return warnings
}

function shown({ files, x509, expiresAt }: Certificate): ShownCertificate & Record<string, unknown> {
  return { certificate: files.certificate, names: x509.subjectAltName?.split(', ') ?? [], expiresAt }
}

function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10)
}
