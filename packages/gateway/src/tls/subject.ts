import type { TLSSocket } from 'node:tls'

/** The subject of the certificate that a client has shown, as RFC 4514 writes it, in ASCII; null when it has shown none, or one without a subject. */
export function subjectOf(socket: Pick<TLSSocket, 'getPeerX509Certificate'>): string | null {
  const subject = socket.getPeerX509Certificate()?.subject
  return subject === undefined || subject === '' ? null : textOfSubject(subject)
}

/** Node has one name a line, the first one first, escaped but for what is not ASCII. */
export function textOfSubject(lines: string): string {
  return lines
    .split('\n')
    .toReversed()
    .join(',')
    .replaceAll(/[^\x20-\x7e]+/g, (text) =>
      [...Buffer.from(text)].map((byte) => `\\${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
    )
}
