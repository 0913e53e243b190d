/** Certificates for the gateway's tests, made on the spot. */
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { CertificateFiles } from '../tls/certificate.ts'

const run = promisify(execFile)

/** A certificate that vouches for itself, with what it is made of. */
export interface MadeCertificate extends CertificateFiles {
  readonly pem: string
}

/** What a certificate is to be. */
interface Wanted {
  readonly hosts?: readonly string[]
  readonly days?: number
  /** Instead of the first host. */
  readonly subject?: string
  /** Who vouches for it, instead of itself. */
  readonly by?: CertificateFiles
}

/** Makes a certificate with its key as `NAME.pem` and `NAME.key` of the directory. Over files that are there it goes as a person would: one after the other. */
export async function makeCertificate(
  directory: string,
  name: string,
  { hosts = ['localhost'], days = 30, subject = `/CN=${hosts[0] ?? name}`, by }: Wanted = {},
): Promise<MadeCertificate> {
  const files = { certificate: join(directory, `${name}.pem`), key: join(directory, `${name}.key`) }
  const names = [...hosts.map((host) => `DNS:${host}`), 'IP:127.0.0.1'].join(',')
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  const what = ['-utf8', '-subj', subject, '-addext', `subjectAltName=${names}`, '-days', String(days)]
  const vouched =
    by === undefined ? [] : ['-CA', by.certificate, '-CAkey', by.key, '-addext', 'basicConstraints=critical,CA:FALSE']
  await run('openssl', ['req', '-x509', ...kind, ...what, ...vouched, '-keyout', files.key, '-out', files.certificate])
  return { ...files, pem: await readFile(files.certificate, 'utf8') }
}
