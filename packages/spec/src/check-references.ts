import { nearest } from './nearest.ts'
import type { Service, ServiceFile } from './service-file.ts'

interface Issue {
  readonly path: readonly PropertyKey[]
  readonly message: string
  readonly nearest?: string
}

/** What a schema cannot say: names that must exist elsewhere in the file, and fields that must fit the kind of workload. */
export function checkReferences(file: ServiceFile): readonly Issue[] {
  const issues: Issue[] = []
  const listeners = new Map<string, string>()
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
    const listen = String(service.listen)
    const other = listeners.get(listen)
    if (other !== undefined && listen !== '0')
      issues.push({ path: at('listen'), message: `${listen} is already the port of service "${other}".` })
    listeners.set(listen, name)
    issues.push(...checkVersions(service).map(({ path, message }) => ({ path: at(...path), message })))
    issues.push(...checkMetrics(service).map(({ path, message }) => ({ path: at(...path), message })))
  }
  return issues
}

/** Fields of a version that mean something to each kind of workload. */
const versionFields = {
  process: ['command', 'env', 'cwd', 'replicas', 'labels'],
  model: ['uri', 'replicas', 'labels', 'env'],
  endpoints: ['endpoints', 'labels'],
} as const

function checkVersions(service: Service): readonly Issue[] {
  const { workload } = service
  return Object.entries(service.versions).flatMap(([name, version]) => {
    const known: readonly string[] = versionFields[workload.kind]
    const issues: Issue[] = Object.entries(version)
      .filter(([field, value]) => value !== undefined && !known.includes(field))
      .map(([field]) => ({
        path: ['versions', name, field],
        message: `"${field}" means nothing to a version of kind ${workload.kind}. Known: ${known.join(', ')}.`,
      }))
    if (workload.kind === 'process' && workload.command === undefined && version.command === undefined) {
      issues.push({ path: ['versions', name], message: 'Missing: a command, here or under "workload".' })
    }
    if (workload.kind === 'model' && workload.server === undefined && version.uri === undefined) {
      issues.push({ path: ['versions', name], message: 'Missing: "uri", the path of the ONNX file.' })
    }
    if (workload.kind === 'endpoints' && version.endpoints === undefined)
      issues.push({ path: ['versions', name], message: 'Missing: "endpoints".' })
    return issues
  })
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
  if (!Object.values(service.metrics).some((metric) => metric.role === 'guardrail')) {
    issues.push({
      path: ['metrics'],
      message: 'At least one metric has to be a guardrail: without one nothing could ever be called safe.',
    })
  }
  return issues
}
