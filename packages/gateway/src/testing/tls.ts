import * as tls from 'node:tls'

/** A connection of TLS to a gateway on this machine, whose certificate nobody has to vouch for. */
export function connectSecurely(port: number, options: tls.ConnectionOptions = {}): tls.TLSSocket {
  return tls.connect({ host: '127.0.0.1', port, rejectUnauthorized: false, servername: 'localhost', ...options })
}
