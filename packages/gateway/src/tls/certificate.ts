import { X509Certificate, createPrivateKey } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { createSecureContext } from 'node:tls'
import type { SecureContext } from 'node:tls'

/** Where a certificate, with those that vouch for it behind it, and its key are; both PEM. */
export interface CertificateFiles {
  readonly certificate: string
  readonly key: string
}

/** What every certificate is shown by: nobody speaks less than TLS 1.2. */
const oldestVersion = 'TLSv1.2'

/** A certificate that can be shown to clients. */
export interface Certificate {
  readonly files: CertificateFiles
  readonly x509: X509Certificate
  readonly context: SecureContext
  /** What the context was made of. */
  readonly pem: { readonly cert: Buffer; readonly key: Buffer; readonly minVersion: typeof oldestVersion }
  /** ms since the epoch. */
  readonly expiresAt: number
  /** Whether anybody on the machine may read the key. */
  readonly exposed: boolean
}

/** Reads a certificate and its key, and makes sure that they belong together. Rejects with a sentence that says what is wrong. */
export async function readCertificate(files: CertificateFiles): Promise<Certificate> {
  const [cert, key] = await Promise.all([read('certificate', files.certificate), read('key', files.key)])
  const x509 = certificateIn(cert, files)
  if (!x509.checkPrivateKey(keyIn(key, files)))
    throw new Error(`The key ${files.key} is not the key of the certificate ${files.certificate}.`)
  const pem = { cert, key, minVersion: oldestVersion } as const
  const { mode } = await stat(files.key)
  return {
    files,
    x509,
    pem,
    context: contextOf(pem, files),
    expiresAt: Date.parse(x509.validTo),
    exposed: (mode & 0o004) !== 0,
  }
}

/** What tells one state of the files from another; they may be missing. */
export async function stateOf({ certificate, key }: CertificateFiles): Promise<string> {
  const states = [certificate, key].map(async (file) => {
    try {
      const { mtimeMs, size, ino, mode } = await stat(file)
      return `${mtimeMs}/${size}/${ino}/${mode}`
    } catch {
      return '-'
    }
  })
  return (await Promise.all(states)).join(' ')
}

async function read(what: 'certificate' | 'key', file: string): Promise<Buffer> {
  try {
    return await readFile(file)
  } catch (error) {
    throw new Error(`The ${what} ${file} cannot be read: ${wordsOf(error)}.`, { cause: error })
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

function contextOf(pem: Certificate['pem'], { certificate }: CertificateFiles): SecureContext {
  try {
    return createSecureContext(pem)
  } catch (error) {
    throw new Error(`The certificate ${certificate} cannot be used: ${wordsOf(error)}.`, { cause: error })
  }
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
