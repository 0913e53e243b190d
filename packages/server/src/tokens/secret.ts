import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'

const secretBytes = 32

/** A new secret. Its first letters tell programs that look for secrets in the wrong places what it is. */
export function newSecret(): string {
  return `serin_${randomBytes(secretBytes).toString('base64url')}`
}

/** What is kept of a secret: SHA-256, hex. A secret is 256 bits of chance, so nothing slower is needed. */
export function digestOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex')
}

/** The one whose digest is that of the secret. All are compared, each in constant time: how long it takes tells nothing about any of them. */
export function ownerOf<T extends { readonly digest: string }>(secret: string, candidates: Iterable<T>): T | undefined {
  const given = Buffer.from(digestOf(secret), 'hex')
  let found: T | undefined
  for (const candidate of candidates)
    if (timingSafeEqual(given, Buffer.from(candidate.digest, 'hex'))) found = candidate
  return found
}
