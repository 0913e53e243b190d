import { checkBeyondGateway } from './check-who.ts'
import type { Issue } from './reference-issue.ts'
import { productNames } from './router-products.ts'
import type { Service } from './service-file.ts'
import type { CompositeStrategy } from './strategy.ts'

const plainHeader = /^[A-Za-z0-9-]+$/

/** What proxies that Serin drives cannot do, said before anything moves. */
export function checkRouter(service: Service): readonly Issue[] {
  if (service.router === 'gateway') return []
  const product = productNames[service.router]
  const issues: Issue[] = [...checkBeyondGateway(service)]
  if (service.workers !== undefined)
    issues.push({
      path: ['workers'],
      message: `${product} has workers of its own: "workers" is for "router: gateway".`,
    })
  if (mirrors(service.strategy))
    issues.push({
      path: ['strategy'],
      message: `${product} cannot compare the answers to copies of requests: use "router: gateway".`,
    })
  for (const [name, { kind }] of Object.entries(service.metrics))
    if (kind === 'generation')
      issues.push({
        path: ['metrics', name],
        message: `${product} does not look into the answers of a model: use "router: gateway".`,
      })
  for (const [name, { endpoints = [] }] of Object.entries(service.versions))
    for (const [i, endpoint] of endpoints.entries())
      if (!/^http:\/\/[^/]+\/?$/.test(endpoint))
        issues.push({
          path: ['versions', name, 'endpoints', i],
          message: `${product} is told plain addresses only, such as http://127.0.0.1:3001: use "router: gateway" for a path or TLS.`,
        })
  // The others read headers whatever they are called.
  if (service.router !== 'nginx') return issues
  const told = [
    ...service.rules.map(({ header }, i) => ({ at: ['rules', i], header })),
    ...Object.entries(service.segments).map(([name, { header }]) => ({ at: ['segments', name], header })),
  ]
  for (const { at, header: headers = {} } of told)
    for (const header of Object.keys(headers))
      if (!plainHeader.test(header))
        issues.push({
          path: [...at, 'header', header],
          message: `nginx cannot read a header that is called "${header}".`,
        })
  return issues
}

/** Whether a strategy, or a stage of one, copies requests. */
function mirrors(strategy: Service['strategy'] | CompositeStrategy['stages'][number]): boolean {
  switch (strategy.kind) {
    case 'shadow':
      return true
    case 'canary':
      return strategy.steps?.some(({ mirror }) => mirror !== undefined) === true
    case 'composite':
      return strategy.stages.some(mirrors)
    default:
      return false
  }
}
