import type { Issue } from './reference-issue.ts'
import { productNames } from './router-products.ts'
import type { Service } from './service-file.ts'

/** What cannot be with HTTP/2 towards the versions, and what cannot be without it. */
export function checkUpstream({ router, workload, versions }: Service): readonly Issue[] {
  const h2c = speaksH2c(workload)
  const issues: Issue[] = []
  if (h2c && router !== 'gateway')
    issues.push({
      path: ['workload', 'upstream'],
      message: `${productNames[router]} is told to speak HTTP/1.1 only: use "router: gateway" for HTTP/2 and gRPC.`,
    })
  for (const probe of ['ready', 'live'] as const) {
    const { grpc, path } = workload[probe]
    if (grpc !== true) continue
    if (workload.kind === 'model')
      issues.push({ path: ['workload', probe, 'grpc'], message: 'A model is asked for its health by HTTP only.' })
    else if (!h2c)
      issues.push({
        path: ['workload', probe, 'grpc'],
        message: 'gRPC is spoken over HTTP/2 only: say "upstream: h2c" under "workload".',
      })
    if (path !== '/')
      issues.push({ path: ['workload', probe, 'path'], message: 'A check by gRPC has no path: leave one of them out.' })
  }
  if (!h2c) return issues
  for (const [name, { endpoints = [] }] of Object.entries(versions))
    for (const [i, endpoint] of endpoints.entries())
      if (!endpoint.startsWith('http:'))
        issues.push({
          path: ['versions', name, 'endpoints', i],
          message: '"upstream: h2c" is HTTP/2 without TLS: expected an address that begins with http://.',
        })
  return issues
}

/** Whether the versions are spoken to in HTTP/2. */
export function speaksH2c(workload: Service['workload']): boolean {
  return workload.kind !== 'model' && workload.upstream === 'h2c'
}
