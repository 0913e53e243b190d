import { isRunning, portIn, readAuthority, readCertificate } from '@serin/gateway'
import type { CertificateFiles, ClientCertificates, GatewayIdentity } from '@serin/gateway'
import { SerinError } from '@serin/spec'
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdir, open, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { compileCacheEnv } from '../../compile-cache.ts'
import { unreachable } from './admin-client.ts'
import type { AdminCall, AdminClient } from './admin-client.ts'

const startWithinMs = 30_000
const portInUse = 98
const previewPortInUse = 97

/** What a gateway process is started with. */
export interface GatewayProcessOptions {
  readonly service: string
  readonly host: string
  /** 0 takes a free port once, and the same again after a restart. */
  readonly port: number
  /** As `host` and `port`, for the preview address; null: none. */
  readonly preview: { readonly host: string; readonly port: number } | null
  /** What clients are shown; none without TLS. */
  readonly tls: readonly CertificateFiles[]
  /** What they have to show in turn; null: nothing. */
  readonly clientCertificates: ClientCertificates | null
  readonly directory: string
  readonly accessLogFile: string | null
  readonly workers: number
}

/** The gateway's own process: found when it already runs, started when it does not. It outlives the control plane. */
export class GatewayProcess {
  readonly #options: GatewayProcessOptions
  readonly #admin: AdminClient
  #identity: GatewayIdentity | null = null
  #ensuring: Promise<GatewayIdentity> | null = null
  #released = false

  constructor(options: GatewayProcessOptions, admin: AdminClient) {
    this.#options = options
    this.#admin = admin
  }

  /** The running gateway, started if need be. Rejects with `gateway.port-in-use`, `gateway.failed` or `gateway.unreachable`. */
  async ensure(): Promise<GatewayIdentity> {
    if (this.#released)
      throw new SerinError('gateway.unreachable', `The gateway of ${this.#options.service} was released.`)
    if (this.#identity !== null && (await isRunning(this.#identity))) return this.#identity
    this.#ensuring ??= this.#find().finally(() => {
      this.#ensuring = null
    })
    this.#identity = await this.#ensuring
    return this.#identity
  }

  /** Calls the admin port; when the gateway dies under the call, once more on the one that takes its place. All its verbs are idempotent. */
  async call(call: AdminCall): Promise<unknown> {
    const identity = await this.ensure()
    try {
      return await this.#admin.call(identity, call)
    } catch (error) {
      if (!(error instanceof SerinError) || error.code !== 'gateway.unreachable') throw error
      if (!(await this.#dies(identity))) throw error
      return await this.#admin.call(await this.ensure(), call)
    }
  }

  /** Whether it is gone, or is within a moment: a killed process closes its sockets before it leaves the list. */
  async #dies(identity: GatewayIdentity): Promise<boolean> {
    for (let attempt = 0; attempt < 50; attempt += 1) {
      if (!(await isRunning(identity))) return true
      await sleep(10)
    }
    return false
  }

  /** Lets it finish what is in flight, or ends it at once when patience is over; waits until it is gone, and removes its files. */
  async release(drainMs: number, signal: AbortSignal): Promise<void> {
    this.#released = true
    await this.#ensuring?.catch(() => {})
    const identity = await this.#read()
    if (identity !== null && (await isRunning(identity))) await this.#stop(identity, drainMs, signal)
    for (const name of ['gateway.json', 'table.json', 'gateway.log'])
      await rm(join(this.#options.directory, name), { force: true })
  }

  async #find(): Promise<GatewayIdentity> {
    const found = await this.#read()
    const runs = found !== null && (await isRunning(found))
    if (runs && this.#isThere(found) && this.#isAsAsked(found)) {
      await this.#answers(found, 5_000)
      return found
    }
    await this.#checkCertificates()
    if (!runs) return await this.#start(found)
    await this.#stop(found, 0, new AbortController().signal)
    return await this.#start(found)
  }

  /** Whether it was started as it would be now, wherever it is. */
  #isAsAsked({ workers = 1, tls = [], clientCertificates = null }: GatewayIdentity): boolean {
    const { workers: wanted, ...asked } = this.#options
    const isSame = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other)
    return workers === wanted && isSame(tls, asked.tls) && isSame(clientCertificates, asked.clientCertificates)
  }

  /** Whether it is where it should be. */
  #isThere(found: GatewayIdentity): boolean {
    const { host, port, preview } = this.#options
    // One that began before there were previews says nothing of its own.
    const previews = found.preview ?? null
    if (preview === null ? previews !== null : previews === null || !isAt(previews, preview)) return false
    return isAt(found.listen, { host, port })
  }

  /** Clients know the addresses: a free port that was taken once is taken again. */
  async #start(before: GatewayIdentity | null): Promise<GatewayIdentity> {
    const wanted: Ports = { listen: this.#options.port, preview: this.#options.preview?.port ?? 0 }
    const ports = { ...wanted }
    if (before !== null && this.#isThere(before)) {
      ports.listen = portOf(before.address)
      ports.preview = portOf(before.previewAddress)
    }
    for (;;) {
      try {
        return await this.#spawn(ports)
      } catch (error) {
        if (!(error instanceof SerinError) || error.code !== 'gateway.port-in-use') throw error
        const taken = error.details['listener'] === 'preview' ? 'preview' : 'listen'
        if (ports[taken] === wanted[taken]) throw error
        ports[taken] = wanted[taken]
      }
    }
  }

  async #checkCertificates(): Promise<void> {
    const { service, tls, clientCertificates } = this.#options
    const refuse = (what: string, cause: unknown, details: Readonly<Record<string, string>>): never => {
      const said = cause instanceof Error ? cause.message : String(cause)
      throw new SerinError('gateway.certificate', `The gateway of ${service} ${what}. ${said}`, { cause, details })
    }
    for (const files of tls)
      await readCertificate(files).catch((cause: unknown) => refuse('has no certificate to show', cause, { ...files }))
    if (clientCertificates === null) return
    const { ca } = clientCertificates
    await readAuthority(ca).catch((cause: unknown) => refuse('cannot tell its clients', cause, { ca }))
  }

  async #spawn(ports: Ports): Promise<GatewayIdentity> {
    const { service, host, preview, tls, clientCertificates, directory, accessLogFile, workers } = this.#options
    await mkdir(directory, { recursive: true, mode: 0o700 })
    const main = fileURLToPath(import.meta.resolve('@serin/gateway/main'))
    const log = await open(this.#logFile, 'a', 0o600)
    const listen = `${bracketed(host)}:${ports.listen}`
    const previews = preview === null ? null : `${bracketed(preview.host)}:${ports.preview}`
    // A bounded young generation keeps the process small on machines with much memory.
    const args = ['--max-semi-space-size=16', main, '--service', service, '--listen', listen, '--state', directory]
    if (previews !== null) args.push('--preview', previews)
    for (const { certificate, key } of tls) args.push('--tls-certificate', certificate, '--tls-key', key)
    if (clientCertificates !== null) args.push(...clientArguments(clientCertificates))
    if (accessLogFile !== null) args.push('--access-log', accessLogFile)
    if (workers > 1) args.push('--workers', String(workers))
    let child: ChildProcess
    try {
      const env = compileCacheEnv()
      child = spawn(process.execPath, args, { detached: true, stdio: ['ignore', log.fd, log.fd], cwd: '/', env })
      await new Promise<void>((resolve, reject) => child.once('spawn', resolve).once('error', reject))
    } catch (cause) {
      throw new SerinError('gateway.failed', `The gateway of ${service} could not be started.`, { cause })
    } finally {
      await log.close()
    }
    child.unref()
    return await this.#started(child, { listen, preview: previews })
  }

  async #started(
    child: ChildProcess,
    addresses: { readonly listen: string; readonly preview: string | null },
  ): Promise<GatewayIdentity> {
    const { service } = this.#options
    const deadline = performance.now() + startWithinMs
    while (performance.now() < deadline) {
      if (child.exitCode === portInUse || child.exitCode === previewPortInUse) {
        const listener = child.exitCode === portInUse ? 'listen' : 'preview'
        const address = addresses[listener]
        throw new SerinError(
          'gateway.port-in-use',
          `The gateway of ${service} cannot listen on ${address}: something else does.`,
          { details: { listen: address, listener } },
        )
      }
      if (child.exitCode !== null || child.signalCode !== null) {
        const how = child.signalCode ?? `code ${child.exitCode}`
        throw new SerinError(
          'gateway.failed',
          `The gateway of ${service} ended at once (${how}). Its log: ${this.#logFile}`,
        )
      }
      const identity = await this.#read()
      if (identity?.pid === child.pid && identity !== null) {
        await this.#answers(identity, startWithinMs)
        return identity
      }
      await sleep(10)
    }
    child.kill('SIGKILL')
    throw new SerinError(
      'gateway.failed',
      `The gateway of ${service} did not start within ${startWithinMs / 1_000} s. Its log: ${this.#logFile}`,
    )
  }

  get #logFile(): string {
    return join(this.#options.directory, 'gateway.log')
  }

  async #answers(identity: GatewayIdentity, withinMs: number): Promise<void> {
    const answer = await this.#admin.call(identity, {
      method: 'GET',
      path: '/healthz',
      signal: AbortSignal.timeout(withinMs),
    })
    const boot = typeof answer === 'object' && answer !== null && 'boot' in answer ? answer.boot : undefined
    if (boot !== identity.boot) throw unreachable(identity, new Error('another process answers on its admin port'))
  }

  async #stop(identity: GatewayIdentity, drainMs: number, patience: AbortSignal): Promise<void> {
    try {
      await this.#admin.call(identity, { method: 'POST', path: `/drain?deadlineMs=${drainMs}`, signal: patience })
    } catch (error) {
      if (!(error instanceof SerinError) && !patience.aborted) throw error
      sendSignal(identity.pid, 'SIGTERM') // It does not answer, or nobody waits for that; a signal may still reach it.
    }
    const deadline = performance.now() + drainMs + 5_000
    while (await isRunning(identity)) {
      if (patience.aborted || performance.now() > deadline) kill(identity.pid)
      await sleep(10)
    }
  }

  async #read(): Promise<GatewayIdentity | null> {
    try {
      const value: unknown = JSON.parse(await readFile(join(this.#options.directory, 'gateway.json'), 'utf8'))
      return isIdentity(value) ? value : null
    } catch {
      return null
    }
  }
}

function isIdentity(value: unknown): value is GatewayIdentity {
  if (typeof value !== 'object' || value === null) return false
  const fields = new Map<string, unknown>(Object.entries(value))
  const texts = ['boot', 'address', 'token', 'listen'].every((name) => typeof fields.get(name) === 'string')
  const numbers = ['pid', 'adminPort'].every((name) => typeof fields.get(name) === 'number')
  const startTime = fields.get('startTime')
  return texts && numbers && (startTime === null || typeof startTime === 'number')
}

function clientArguments({ ca, required, header }: ClientCertificates): readonly string[] {
  const asked = ['--client-ca', ca, '--client-certificates', required ? 'required' : 'optional']
  return header === undefined ? asked : [...asked, '--client-header', header]
}

/** At once, with its workers: it leads a group of its own. */
function kill(pid: number): void {
  if (!sendSignal(-pid, 'SIGKILL')) sendSignal(pid, 'SIGKILL')
}

/** Whether there was anybody to hear it: it may have ended since it was looked for. */
function sendSignal(pid: number, name: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, name)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return false
    throw error
  }
}

interface Ports {
  listen: number
  preview: number
}

/** Whether this is where it was told to listen; port 0 leaves the port to the gateway. */
function isAt(told: string, { host, port }: { readonly host: string; readonly port: number }): boolean {
  return port === 0 ? told.startsWith(`${bracketed(host)}:`) : told === `${bracketed(host)}:${port}`
}

function portOf(address: string | null | undefined): number {
  return address == null ? 0 : portIn(address)
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host
}
