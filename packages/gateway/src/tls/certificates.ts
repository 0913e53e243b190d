import { createSecureContext } from 'node:tls'
import type { SecureContext, SecureContextOptions } from 'node:tls'
import { readAuthority } from './authority.ts'
import type { Authority, ClientCertificates } from './authority.ts'
import { readCertificate } from './certificate.ts'
import type { Certificate, CertificateFiles, ShownCertificate } from './certificate.ts'
import { Place } from './place.ts'
import type { Held } from './place.ts'

const lookEveryMs = 2_000
const dayMs = 86_400_000
/** Whoever renews by a machine has done so by then. */
const soonDays = 14

type Log = (event: string, fields: Readonly<Record<string, unknown>>) => void

/**
 * The certificates that clients are shown, and those by which theirs are believed. Looked at every two seconds; what has changed for the better
 * is taken, what does not fit is refused and the one before stays.
 */
export class Certificates {
  /** What is asked of clients; null: nothing. */
  readonly asked: ClientCertificates | null
  readonly #places: readonly Place<Certificate>[]
  readonly #authority: Place<Authority> | null
  readonly #all: readonly Place<Held>[]
  readonly #log: Log
  readonly #timer: NodeJS.Timeout
  readonly #followers = new Set<() => void>()
  /** By what is shown, for the authority of the moment. */
  #contexts = new WeakMap<Certificate, SecureContext>()
  #told = ''

  private constructor(
    places: readonly Place<Certificate>[],
    { asked, authority }: { readonly asked: ClientCertificates | null; readonly authority: Place<Authority> | null },
    log: Log,
  ) {
    this.#places = places
    this.asked = asked
    this.#authority = authority
    this.#all = authority === null ? places : [...places, authority]
    this.#log = log
    this.#timer = setInterval(() => void this.look(), lookEveryMs)
    this.#timer.unref()
    this.#tell()
  }

  /** Reads them all, if there are any; rejects with a sentence when one cannot be used. */
  static async open(
    files: readonly CertificateFiles[] = [],
    log: Log,
    asked?: ClientCertificates,
  ): Promise<Certificates | null> {
    if (files.length === 0) return null
    const places = await Promise.all(
      files.map(async (one) => {
        const read = async (): Promise<Certificate> => await readCertificate(one)
        return await Place.open({ files: [one.certificate, one.key], read })
      }),
    )
    const authority =
      asked === undefined
        ? null
        : await Place.open({ files: [asked.ca], read: async () => await readAuthority(asked.ca) })
    const all = new Certificates(places, { asked: asked ?? null, authority }, log)
    for (const { held } of all.#all) log('tls.loaded', held.told)
    return all
  }

  /** What an address of TLS is to be opened with: the certificate for who names no server, or one that nobody knows. */
  get options(): SecureContextOptions {
    return this.#optionsOf(this.#first)
  }

  /** The certificate for a server that a client names. */
  contextFor(name: string): SecureContext {
    const place = this.#places.find(({ held: { x509 } }) => x509.checkHost(name) !== undefined)
    const certificate = place?.held ?? this.#first
    const known = this.#contexts.get(certificate)
    if (known !== undefined) return known
    const context = createSecureContext(this.#optionsOf(certificate))
    this.#contexts.set(certificate, context)
    return context
  }

  /** Calls back whenever any has changed; returns how to end that. */
  follow(changed: () => void): () => void {
    this.#followers.add(changed)
    return () => this.#followers.delete(changed)
  }

  /** Looks whether the files have changed; never rejects. `now` does not wait for who is still writing. */
  async look({ now = false } = {}): Promise<void> {
    const changes = await Promise.all(this.#all.map(async (place) => await place.look(now)))
    for (const [i, { held, problem }] of this.#all.entries()) {
      if (changes[i] === 'changed') this.#log('tls.loaded', held.told)
      else if (changes[i] === 'refused') this.#log('tls.refused', { problem, kept: held.told })
    }
    if (changes.includes('changed')) {
      // Each context believes what it was made with.
      this.#contexts = new WeakMap()
      for (const changed of this.#followers) changed()
    }
    this.#tell()
  }

  /** What is wrong with them, in sentences. */
  get problems(): readonly string[] {
    const nowMs = Date.now()
    return this.#all.flatMap((place) => [...refusalOf(place), ...warningsOf(place.held, nowMs)])
  }

  get shown(): readonly ShownCertificate[] {
    return this.#places.map(({ held }) => held.told)
  }

  close(): void {
    clearInterval(this.#timer)
  }

  get #first(): Certificate {
    const [place] = this.#places
    if (place === undefined) throw new Error('there is no certificate')
    return place.held
  }

  /** Without an authority of ours, all that the system knows would vouch for clients. */
  #optionsOf({ pem }: Certificate): SecureContextOptions {
    return this.#authority === null ? pem : { ...pem, ca: this.#authority.held.pem }
  }

  /** Says what will be trouble, once for each change. */
  #tell(): void {
    const nowMs = Date.now()
    const warnings = this.#all.flatMap(({ held }) => warningsOf(held, nowMs))
    const told = JSON.stringify(warnings)
    if (told === this.#told) return
    this.#told = told
    for (const problem of warnings) this.#log('tls.warning', { problem })
  }
}

function refusalOf({ problem, held: { use, expiresAt } }: Place<Held>): readonly string[] {
  return problem === null ? [] : [`${problem} The one before goes on being ${use}, until ${dayOf(expiresAt)}.`]
}

function warningsOf({ name, expiresAt, exposedKey }: Held, nowMs: number): readonly string[] {
  const warnings: string[] = []
  const days = Math.floor((expiresAt - nowMs) / dayMs)
  if (expiresAt <= nowMs) warnings.push(`The ${name} expired on ${dayOf(expiresAt)}.`)
  else if (days < soonDays)
    warnings.push(`The ${name} expires on ${dayOf(expiresAt)}, in ${days === 1 ? 'one day' : `${days} days`}.`)
  if (exposedKey !== null)
    warnings.push(`Everybody on this machine may read the key ${exposedKey}: "chmod o-rwx" takes that from them.`)
  return warnings
}

function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10)
}
