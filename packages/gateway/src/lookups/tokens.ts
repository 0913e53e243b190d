import type { TokenSource } from '@serin/spec'
import { constants, verify } from 'node:crypto'
import type { KeyObject, VerifyKeyObjectInput } from 'node:crypto'
import type { KeySet } from './key-set.ts'
import { Recent } from './recent.ts'

/** What a token says, as texts. */
export type Claims = ReadonlyMap<string, string>

const rememberedTokens = 2_048
const longestToken = 8_192
/** Clocks differ. */
const leewayMs = 60_000

/** A token is looked for by its end, which of two tokens is hardly ever the same, and then compared as a whole: to hash all of it takes a microsecond. */
const endLength = 32

/** A token that was read, and the time in which it holds (ms since the epoch). */
interface Read {
  readonly claims: Claims | null
  readonly fromMs: number
  readonly toMs: number
}

const bad: Read = { claims: null, fromMs: 0, toMs: Infinity }

/** Reads tokens, and verifies them where keys are configured: at once, on the spot, each one once. */
export class Tokens {
  readonly #source: TokenSource
  readonly #keys: KeySet | null
  readonly #recent = new Recent<{ readonly token: string; readonly read: Read }>(rememberedTokens)

  constructor(source: TokenSource, keys: KeySet | null) {
    this.#source = source
    this.#keys = keys
  }

  /** Other keys hold now: what was verified before may not be any more. */
  forget(): void {
    this.#recent.clear()
  }

  /** What a token says, with or without `Bearer` before it; null when it is not to be believed, `unknown` when its key is not known yet. */
  claimsOf(token: string, nowMs: number): Claims | 'unknown' | null {
    // Never looked at and never kept: memory is for tokens of a sane length.
    if (token.length > longestToken) return null
    const end = token.slice(-endLength)
    const kept = this.#recent.get(end)
    const read = kept?.token === token ? kept.read : this.#read(token)
    if (read === 'unknown' || read === null) return read
    if (kept?.token !== token) this.#recent.set(end, { token, read })
    return nowMs >= read.fromMs && nowMs < read.toMs ? read.claims : null
  }

  /** Null when its key is none of those there are: that is not remembered, since the key may still come. */
  #read(text: string): Read | 'unknown' | null {
    const token = text.replace(/^Bearer +/i, '')
    const [head = '', body = '', signature = '', ...rest] = token.split('.')
    const [header, payload] = [json(head), json(body)]
    if (header === null || payload === null || rest.length > 0) return bad
    if (this.#keys !== null) {
      const { kid, alg, crit } = header
      const found = this.#keys.keyOf(typeof kid === 'string' ? kid : undefined)
      if (found === 'unknown' || found === null) return found
      // What is critical to a token and not known here must not be passed over (RFC 7515 §4.1.11).
      if (typeof alg !== 'string' || crit !== undefined) return bad
      if (found.algorithm !== undefined && found.algorithm !== alg) return bad
      if (!isSigned(`${head}.${body}`, { signature, algorithm: alg, key: found.key })) return bad
    }
    return this.#accepted(payload)
  }

  #accepted(payload: Readonly<Record<string, unknown>>): Read {
    const { issuer, audience } = this.#source
    const { iss, aud, exp, nbf } = payload
    if (issuer !== undefined && iss !== issuer) return bad
    if (audience !== undefined && !(Array.isArray(aud) ? aud : [aud]).includes(audience)) return bad
    const claims = new Map<string, string>()
    for (const [name, value] of Object.entries(payload)) {
      if (typeof value === 'string') claims.set(name, value)
      else if (typeof value === 'number' || typeof value === 'boolean') claims.set(name, String(value))
    }
    const [from, to] = [nbf ?? 0, exp ?? Infinity]
    if (typeof from !== 'number' || typeof to !== 'number') return bad
    return { claims, fromMs: from * 1_000 - leewayMs, toMs: to * 1_000 + leewayMs }
  }
}

const hashes: Readonly<Record<string, string>> = { 256: 'sha256', 384: 'sha384', 512: 'sha512' }
const curves: Readonly<Record<string, string>> = { 256: 'prime256v1', 384: 'secp384r1', 512: 'secp521r1' }

/** Whether a key made the signature, by an algorithm that is for such a key. Only public keys: a shared secret or none is no proof. */
function isSigned(
  text: string,
  { signature, algorithm, key }: { readonly signature: string; readonly algorithm: string; readonly key: KeyObject },
): boolean {
  const [data, bytes] = [Buffer.from(text), Buffer.from(signature, 'base64url')]
  const kind = key.asymmetricKeyType
  if (algorithm === 'EdDSA' || algorithm === 'Ed25519') return kind === 'ed25519' && verify(null, data, key, bytes)
  const [, family, bits = ''] = /^(RS|PS|ES)(256|384|512)$/.exec(algorithm) ?? []
  const how = howTo(family, bits, key)
  return how !== null && verify(hashes[bits], data, how, bytes)
}

function howTo(family: string | undefined, bits: string, key: KeyObject): VerifyKeyObjectInput | null {
  const kind = key.asymmetricKeyType
  if (family === 'RS') return kind === 'rsa' ? { key } : null
  if (family === 'PS')
    return kind === 'rsa'
      ? { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
      : null
  const fits = family === 'ES' && kind === 'ec' && key.asymmetricKeyDetails?.namedCurve === curves[bits]
  return fits ? { key, dsaEncoding: 'ieee-p1363' } : null
}

function json(part: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : null
  } catch {
    return null
  }
}
