import { X509Certificate, createPrivateKey } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { createSecureContext } from 'node:tls'
import { readPem, wordsOf } from './pem.ts'
import type { Held } from './place.ts'

/** Where a certificate, with those that vouch for it behind it, and its key are; both PEM. */
export interface CertificateFiles {
  readonly certificate: string
  readonly key: string
}

/** A certificate as a report tells it. */
export interface ShownCertificate {
  readonly certificate: string
  /** As the certificate lists them, such as `DNS:shop.example`. */
  readonly names: readonly string[]
  /** ms since the epoch. */
  readonly expiresAt: number
}

/** What every certificate is shown by: nobody speaks less than TLS 1.2. */
const oldestVersion = 'TLSv1.2'

/** A certificate that can be shown to clients. */
export interface Certificate extends Held {
  readonly told: ShownCertificate & Readonly<Record<string, unknown>>
  readonly files: CertificateFiles
  readonly x509: X509Certificate
  /** What a context is made of. */
  readonly pem: { readonly cert: Buffer; readonly key: Buffer; readonly minVersion: typeof oldestVersion }
}

/** Reads a certificate and its key, and makes sure that they belong together. Rejects with a sentence that says what is wrong. */
export async function readCertificate(files: CertificateFiles): Promise<Certificate> {
  const [cert, key] = await Promise.all([readPem('certificate', files.certificate), readPem('key', files.key)])
  const x509 = certificateIn(cert, files)
  if (!x509.checkPrivateKey(keyIn(key, files)))
    throw new Error(`The key ${files.key} is not the key of the certificate ${files.certificate}.`)
  const pem = { cert, key, minVersion: oldestVersion } as const
  mustBeUsable(pem, files)
  const { mode } = await stat(files.key)
  const expiresAt = Date.parse(x509.validTo)
  return {
    files,
    name: `certificate ${files.certificate}`,
    use: 'shown',
    x509,
    pem,
    expiresAt,
    told: { certificate: files.certificate, names: x509.subjectAltName?.split(', ') ?? [], expiresAt },
    exposedKey: (mode & 0o004) === 0 ? null : files.key,
  }
}

function certificateIn(pem: Buffer, { certificate }: CertificateFiles): X509Certificate {
  // DER would be read here and refused later, with fewer words.
  if (!pem.includes('-----BEGIN CERTIFICATE-----')) throw new Error(`${certificate} holds no certificate in PEM.`)
  try {
    return new X509Certificate(pem)
  } catch (error) {
    throw new Error(`${certificate} holds a certificate that cannot be read: ${wordsOf(error)}.`, { cause: error })
  }
}

function keyIn(pem: Buffer, { key }: CertificateFiles): KeyObject {
  if (/-----BEGIN ENCRYPTED|Proc-Type: 4,ENCRYPTED/.test(pem.toString('latin1')))
    throw new Error(`The key ${key} is encrypted: expected one without a passphrase.`)
  try {
    return createPrivateKey(pem)
  } catch (error) {
    throw new Error(`${key} holds no key in PEM: ${wordsOf(error)}.`, { cause: error })
  }
}

function mustBeUsable(pem: Certificate['pem'], { certificate }: CertificateFiles): void {
  try {
    createSecureContext(pem)
  } catch (error) {
    throw new Error(`The certificate ${certificate} cannot be used: ${wordsOf(error)}.`, { cause: error })
  }
}
