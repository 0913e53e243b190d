import * as net from 'node:net'
import type { Socket } from 'node:net'
import * as tls from 'node:tls'
import type { TLSSocket } from 'node:tls'
import type { Limits } from '../limits.ts'
import type { Certificates } from '../tls/certificates.ts'
import { subjectOf } from '../tls/subject.ts'
import { endWithProblem } from './problem.ts'

/** The first byte of a handshake (RFC 8446, 5.1). */
const handshake = 22
const plainlySpoken = { status: 400, detail: 'This address speaks TLS only: use https://.' } as const
const lingerMs = 1_000

/** A connection whose handshake is not through. */
interface Guest {
  readonly raw: Socket
  readonly late: NodeJS.Timeout
}

/** What an address of TLS is opened with. */
export interface SecureDoorOptions {
  readonly limits: Limits
  readonly certificates: Certificates
  /** Takes a connection whose handshake is through; `subject` is whom its certificate names, if it had to show one. */
  readonly opened: (socket: TLSSocket, subject: string | null) => void
}

/** An address of TLS: its handshakes are bounded in time and number, and its certificates are those of the moment. */
export class SecureDoor {
  /** To be listened with. */
  readonly server: net.Server
  readonly #options: SecureDoorOptions
  readonly #tls: tls.Server
  readonly #guests = new Map<string, Guest>()
  readonly #unfollow: () => void

  constructor(options: SecureDoorOptions) {
    const { certificates, limits } = options
    this.#options = options
    this.#tls = tls.createServer({
      ...certificates.options,
      requestCert: certificates.asked !== null,
      rejectUnauthorized: certificates.asked?.required === true,
      ALPNProtocols: ['h2', 'http/1.1'],
      handshakeTimeout: limits.headMs,
      SNICallback: (name, done) => done(null, certificates.contextFor(name)),
    })
    this.#tls.on('secureConnection', (socket) => this.#through(socket))
    this.#tls.on('tlsClientError', (_error, socket) => socket.destroy())
    this.#unfollow = certificates.follow(() => this.#tls.setSecureContext(certificates.options))
    this.server = net.createServer({ allowHalfOpen: true, noDelay: true }, (raw) => this.#greet(raw))
    this.server.on('close', this.#unfollow)
  }

  /** Ends those whose handshake is not through. */
  closeIdle(): void {
    for (const { raw } of this.#guests.values()) raw.destroy()
  }

  #greet(raw: Socket): void {
    const name = nameOf(raw)
    // The oldest goes: whoever means well is through within a moment.
    if (this.#guests.size >= this.#options.limits.handshakes)
      for (const { raw: oldest } of this.#guests.values()) {
        oldest.destroy()
        break
      }
    const late = setTimeout(() => raw.destroy(), this.#options.limits.headMs)
    this.#guests.set(name, { raw, late })
    raw.on('error', () => raw.destroy())
    raw.on('close', () => this.#forget(name, raw))
    raw.once('readable', () => {
      const bytes: unknown = raw.read()
      if (!(bytes instanceof Buffer)) raw.destroy()
      else if (bytes[0] === handshake) {
        raw.unshift(bytes)
        this.#tls.emit('connection', raw)
      } else this.#refuse(raw)
    })
  }

  /** Somebody speaks plainly: they are told, and nothing of what they said is read. */
  #refuse(raw: Socket): void {
    endWithProblem(raw, plainlySpoken)
    raw.resume()
    setTimeout(() => raw.destroy(), lingerMs).unref()
  }

  #through(socket: TLSSocket): void {
    const guest = this.#guests.get(nameOf(socket))
    if (guest !== undefined) this.#forget(nameOf(socket), guest.raw)
    socket.on('error', () => {})
    if (this.#options.certificates.asked === null) this.#options.opened(socket, null)
    // Who has to show none may show none, but not any.
    else if (!socket.authorized && socket.getPeerX509Certificate() !== undefined) socket.destroy()
    else this.#options.opened(socket, subjectOf(socket))
  }

  #forget(name: string, raw: Socket): void {
    const guest = this.#guests.get(name)
    if (guest === undefined || guest.raw !== raw) return
    clearTimeout(guest.late)
    this.#guests.delete(name)
  }
}

/** A TCP connection by its two ends. */
function nameOf({ remoteAddress, remotePort, localAddress }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress}`
}
