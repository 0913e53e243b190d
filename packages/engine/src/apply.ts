import { resolve } from 'node:path'
import { certificatesOf, SerinError, speaksH2c, type Service } from '@serin/spec'
import { differences } from './differences.ts'
import { newService, type ServiceDocument } from './documents.ts'

/** A release file's text, and what its relative paths start from. */
export interface FileSource {
  readonly text: string
  readonly baseDirectory: string
  /** For messages. */
  readonly name: string
}

/** What applying a file did to a service. */
export interface Change {
  readonly service: string
  readonly change: 'created' | 'changed' | 'unchanged'
  readonly details: readonly string[]
}

/** What a file asks for one service. */
export interface Wanted {
  readonly name: string
  readonly spec: Service
  readonly baseDirectory: string
}

/** A change, and the document it leads to. */
export interface PlannedChange extends Change {
  readonly document: ServiceDocument
}

/** Versions a service may have; old ones are never dropped. */
const maxVersions = 1_000

/**
 * What a file would do to a service: pure. Versions the file no longer names stay; the version that serves is the one the rollouts made stable, the file's
 * `stable` is for the beginning. Throws `version.immutable` or `config.invalid` when it cannot be.
 */
export function planChange({ name, spec, baseDirectory }: Wanted, before: ServiceDocument | undefined): PlannedChange {
  if (before === undefined) {
    checkCount(name, spec)
    return { service: name, change: 'created', details: [], document: newService(name, spec, baseDirectory) }
  }
  const merged = { ...spec, versions: { ...before.spec.versions, ...spec.versions } }
  checkCount(name, merged)
  checkImmutable(name, before, { spec: merged, baseDirectory })
  const details = differences(before.spec, merged)
  const moved = before.baseDirectory !== baseDirectory
  if (details.length === 0 && !moved) return { service: name, change: 'unchanged', details, document: before }
  const addresses = ({ listen, preview, router, nginx, gateway, workload }: Service) => ({
    listen,
    preview,
    router,
    nginx,
    // Whoever listens has read them: other files under the same names are taken up, other names are not.
    tls: certificatesOf(gateway),
    clients: gateway.clientCertificates,
    // The versions that run speak what they were started with.
    h2c: speaksH2c(workload),
  })
  if (
    differences(addresses(before.spec), addresses(spec)).length > 0 ||
    before.spec.workload.kind !== spec.workload.kind
  ) {
    throw new SerinError(
      'config.invalid',
      `${name}: "listen", "preview", "router", "nginx", "gateway.tls", "gateway.clientCertificates", "workload.upstream" and the kind of workload cannot change while the service exists.`,
    )
  }
  return {
    service: name,
    change: 'changed',
    details: moved ? [...details, `directory: ${before.baseDirectory} → ${baseDirectory}`] : details,
    document: { ...before, spec: merged, baseDirectory },
  }
}

function checkCount(name: string, { versions }: Service): void {
  const count = Object.keys(versions).length
  if (count > maxVersions)
    throw new SerinError('config.invalid', `${name} would have ${count} versions; at most ${maxVersions} are kept.`)
}

/** A version is what would run: what it says itself, what the workload says for all, and where its paths start from. How many copies run is not part of it. */
function checkImmutable(
  name: string,
  before: Pick<ServiceDocument, 'spec' | 'baseDirectory'>,
  after: Pick<ServiceDocument, 'spec' | 'baseDirectory'>,
): void {
  for (const version of Object.keys(before.spec.versions)) {
    const changed = differences(contentOf(version, before), contentOf(version, after))
    if (changed.length > 0)
      throw new SerinError(
        'version.immutable',
        `Version "${version}" of ${name} exists with other content: ${changed.join('; ')}.`,
      )
  }
}

function contentOf(version: string, { spec, baseDirectory }: Pick<ServiceDocument, 'spec' | 'baseDirectory'>): unknown {
  const { replicas: _copies, ...own } = spec.versions[version] ?? {}
  const { workload } = spec
  switch (workload.kind) {
    case 'process':
      return {
        ...own,
        command: own.command ?? workload.command,
        env: { ...workload.env, ...own.env },
        cwd: resolve(baseDirectory, own.cwd ?? workload.cwd ?? '.'),
      }
    case 'model':
      return {
        ...own,
        model: workload.model,
        server: workload.server,
        naming: workload.naming,
        ...(own.uri === undefined ? {} : { uri: resolve(baseDirectory, own.uri) }),
      }
    case 'endpoints':
      return own
  }
}
