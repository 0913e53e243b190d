import { checkKayenta } from './check-kayenta.ts'
import { checkRouter } from './check-router.ts'
import { checkStrategy } from './check-strategy.ts'
import { checkUpstream } from './check-upstream.ts'
import { checkWho } from './check-who.ts'
import { generationMeasures, measureOf } from './metric.ts'
import { nearest } from './nearest.ts'
import type { Issue } from './reference-issue.ts'
import type { ModelWorkload, Service, ServiceFile } from './service-file.ts'

/** What a schema cannot say: names that must exist elsewhere in the file, and fields that must fit the kind of workload. */
export function checkReferences(file: ServiceFile): readonly Issue[] {
  const issues: Issue[] = []
  const listeners: Listener[] = []
  for (const [name, service] of Object.entries(file.services)) {
    const at = (...path: PropertyKey[]) => ['services', name, ...path]
    const versions = Object.keys(service.versions)
    if (!versions.includes(service.stable)) {
      const near = nearest(service.stable, versions)
      issues.push({
        path: at('stable'),
        message: `No version is called "${service.stable}". Known: ${versions.join(', ') || '(none)'}.`,
        ...(near === undefined ? {} : { nearest: near }),
      })
    }
    for (const field of ['listen', 'preview'] as const) {
      const listen = service[field]
      if (listen === undefined) continue
      const port = String(listen).replace(/^.*:/, '')
      const listener = { name, field, port, listen }
      const taken =
        port === '0' ? undefined : listeners.find((other) => other.port === port && overlap(other, listener))
      if (taken !== undefined) issues.push({ path: at(field), message: takenBy(taken, name) })
      listeners.push(listener)
    }
    issues.push(...checkVersions(service).map(({ path, message }) => ({ path: at(...path), message })))
    issues.push(...checkMetrics(service).map(({ path, ...rest }) => ({ path: at(...path), ...rest })))
    issues.push(
      ...checkStrategy(name, service, Object.keys(file.services)).map(({ path, ...rest }) => ({
        path: at(...path),
        ...rest,
      })),
    )
    issues.push(...checkWho(service).map(({ path, ...rest }) => ({ path: at(...path), ...rest })))
    issues.push(...checkRouter(service).map(({ path, ...rest }) => ({ path: at(...path), ...rest })))
    issues.push(...checkUpstream(service).map(({ path, ...rest }) => ({ path: at(...path), ...rest })))
    issues.push(...checkKayenta(service).map(({ path, ...rest }) => ({ path: at(...path), ...rest })))
  }
  return issues
}

interface Listener {
  readonly name: string
  readonly field: 'listen' | 'preview'
  readonly port: string
  readonly listen: Service['listen']
}

function takenBy({ name, field, port }: Listener, asking: string): string {
  if (name === asking) return `Port ${port} is already that of "${field}".`
  return `Port ${port} is already that of ${field === 'preview' ? 'the preview of ' : ''}service "${name}".`
}

/** Whether two listeners of one port meet: the same address, or one of them takes every address. */
function overlap(one: Pick<Listener, 'listen'>, other: Pick<Listener, 'listen'>): boolean {
  const [a, b] = [one, other].map(({ listen }) =>
    typeof listen === 'number' ? '127.0.0.1' : listen.replace(/:\d+$/, ''),
  )
  return a === b || [a, b].some((address) => address === '0.0.0.0' || address === '[::]')
}

/** Fields of a version that mean something to each kind of workload. */
const versionFields = {
  process: ['command', 'env', 'cwd', 'replicas', 'labels'],
  model: ['uri', 'replicas', 'labels', 'env'],
  'model on a server': ['endpoints', 'labels'],
  endpoints: ['endpoints', 'labels'],
} as const

function checkVersions(service: Service): readonly Issue[] {
  const { workload } = service
  const kind = workload.kind === 'model' && workload.server !== undefined ? 'model on a server' : workload.kind
  const issues = Object.entries(service.versions).flatMap(([name, version]) => {
    const known: readonly string[] = versionFields[kind]
    const issues: Issue[] = Object.entries(version)
      .filter(([field, value]) => value !== undefined && !known.includes(field))
      .map(([field]) => ({
        path: ['versions', name, field],
        message: `"${field}" means nothing to a version of kind ${kind}. Known: ${known.join(', ')}.`,
      }))
    if (workload.kind === 'process' && workload.command === undefined && version.command === undefined) {
      issues.push({ path: ['versions', name], message: 'Missing: a command, here or under "workload".' })
    }
    if (workload.kind === 'model' && workload.server === undefined && version.uri === undefined) {
      issues.push({ path: ['versions', name], message: 'Missing: "uri", the path of the ONNX file.' })
    }
    if (workload.kind === 'model' && /^[a-z][a-z0-9+.-]*:\/\//i.test(version.uri ?? '')) {
      const message = 'Serin reads model files from this machine only: expected a path.'
      issues.push({ path: ['versions', name, 'uri'], message })
    }
    if (workload.kind === 'endpoints' && version.endpoints === undefined)
      issues.push({ path: ['versions', name], message: 'Missing: "endpoints".' })
    return issues
  })
  return [...issues, ...(workload.kind === 'model' ? checkModelServers(service, workload) : [])]
}

/** What cannot be done with model servers is refused here instead of being done by halves. */
function checkModelServers(service: Service, { server, naming, replicas }: ModelWorkload): readonly Issue[] {
  if (server === undefined) {
    if (naming !== 'reload') return []
    const message = '"reload" is a way to use an external server, but there is no "server".'
    return [{ path: ['workload', 'naming'], message }]
  }
  const issues: Issue[] = []
  if (replicas !== 1) {
    const message = 'How many copies an external server runs is for the server to say: leave "replicas" out.'
    issues.push({ path: ['workload', 'replicas'], message })
  }
  if (naming !== 'reload') return issues
  const owners = new Map<string, string>()
  for (const [name, { endpoints = [server] }] of Object.entries(service.versions)) {
    for (const address of endpoints.map((endpoint) => endpoint.replace(/\/+$/, ''))) {
      const other = owners.get(address) ?? name
      owners.set(address, other)
      if (other !== name)
        issues.push({
          path: ['versions', name],
          message: `Under one name a server has one version at a time, and ${address} already has "${other}": give this version servers of its own under "endpoints", or use naming per-version-model.`,
        })
    }
  }
  return issues
}

function checkMetrics(service: Service): readonly Issue[] {
  const issues: Issue[] = []
  for (const kind of ['errors', 'latency'] as const) {
    const names = Object.entries(service.metrics).filter(([, metric]) => metric.kind === kind)
    for (const [name] of names.slice(1))
      issues.push({
        path: ['metrics', name],
        message: `There can be one metric of kind ${kind}; "${names[0]?.[0] ?? ''}" is one already.`,
      })
  }
  for (const [name, metric] of Object.entries(service.metrics)) {
    if (metric.kind === 'generation') {
      const near = nearest(name, generationMeasures)
      if (measureOf(name, metric) === null)
        issues.push({
          path: ['metrics', name],
          message: `Missing: "measure", since "${name}" is none itself. Known: ${generationMeasures.join(', ')}.`,
          ...(near === undefined ? {} : { nearest: near }),
        })
    } else if (metric.kind !== 'latency' && metric.margin === 0 && metric.marginAbsolute === 0)
      issues.push({
        path: ['metrics', name, 'margin'],
        message:
          'Expected more than 0% for "margin" or "marginAbsolute": that nothing at all has changed can never be proved.',
      })
  }
  const failures = Object.values(service.metrics).some(({ kind, role }) => kind === 'errors' && role === 'guardrail')
  if (service.strategy.kind === 'adaptive' && !failures) {
    issues.push({
      path: ['strategy', 'kind'],
      message:
        'An adaptive ramp spends a budget of failed requests: it needs a guardrail of kind errors under "metrics".',
    })
  }
  if (Object.values(service.metrics).every((metric) => metric.role === 'monitor')) {
    issues.push({
      path: ['metrics'],
      message: 'At least one metric has to be a guardrail: without one nothing could ever be called safe.',
    })
  }
  return issues
}
