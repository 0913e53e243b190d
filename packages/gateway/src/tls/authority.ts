import { X509Certificate } from 'node:crypto'
import { readPem, wordsOf } from './pem.ts'
import type { Held } from './place.ts'

/** What is asked of clients in the handshake. */
export interface ClientCertificates {
  /** PEM file with those that vouch for clients. */
  readonly ca: string
  /** Whether who shows none is refused; who shows one that nobody vouches for is, either way. */
  readonly required: boolean
  /** Under which name versions get the subject, if they do. */
  readonly header?: string | undefined
}

/** Those that vouch for clients. */
export interface Authority extends Held {
  readonly pem: Buffer
}

const block = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

/** Reads those that vouch for clients. Rejects with a sentence that says what is wrong. */
export async function readAuthority(file: string): Promise<Authority> {
  const pem = await readPem('file of authorities', file)
  const blocks = pem.toString('latin1').match(block)
  if (blocks === null) throw new Error(`${file} holds no certificate of an authority in PEM.`)
  const ends = blocks.map((one) => {
    try {
      return Date.parse(new X509Certificate(one).validTo)
    } catch (error) {
      throw new Error(`${file} holds a certificate that cannot be read: ${wordsOf(error)}.`, { cause: error })
    }
  })
  // An old one may stand beside the one that follows it.
  const expiresAt = Math.max(...ends)
  return {
    pem,
    name: `authority ${file}`,
    use: 'believed',
    expiresAt,
    exposedKey: null,
    told: { authority: file, expiresAt },
  }
}
