import { checkBeyondGateway } from './check-who.ts'
import { GatewaySettings } from './gateway-settings.ts'
import type { Issue } from './reference-issue.ts'
import { productNames } from './router-products.ts'
import type { Service } from './service-file.ts'
import type { Mirroring } from './step.ts'
import type { CompositeStrategy } from './strategy.ts'

type Mirrored = Pick<Mirroring, 'body'>

const plainHeader = /^[A-Za-z0-9-]+$/

/** What proxies that Serin drives cannot do, said before anything moves. */
export function checkRouter(service: Service): readonly Issue[] {
  const own = service.router === 'nginx' ? [] : checkOwnNginx(service)
  if (service.router === 'gateway') return own
  const product = productNames[service.router]
  const issues: Issue[] = [...own, ...checkBeyondGateway(service)]
  if (service.workers !== undefined)
    issues.push({
      path: ['workers'],
      message: `${product} has workers of its own: "workers" is for "router: gateway".`,
    })
  for (const setting of settingsBeyond(service.gateway))
    issues.push({
      path: ['gateway', setting],
      message: `"gateway.${setting}" is a setting of Serin's own gateway, and ${product} does not have it: use "router: gateway".`,
    })
  const mirrors = mirrorsOf(service.strategy)
  if (service.router !== 'nginx' && mirrors.length > 0)
    issues.push({
      path: ['strategy'],
      message: `${product} cannot compare the answers to copies of requests: use "router: gateway".`,
    })
  if (service.router === 'nginx' && mirrors.some(({ body }) => body !== 'ignore'))
    issues.push({
      path: ['strategy'],
      message:
        'nginx compares the status of answers to copies, not their bodies: say "body: ignore", or use "router: gateway".',
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

function checkOwnNginx({ nginx }: Service): readonly Issue[] {
  return nginx === undefined
    ? []
    : [{ path: ['nginx'], message: '"nginx" names an nginx of your own: it needs "router: nginx".' }]
}

/** The settings that only the gateway has, of those that were asked for: whom to believe every router can be told. */
function settingsBeyond(settings: Service['gateway']): readonly string[] {
  const byDefault: Readonly<Record<string, unknown>> = GatewaySettings.parse({})
  return Object.entries(settings).flatMap(([name, value]) =>
    name === 'trustProxies' || JSON.stringify(value) === JSON.stringify(byDefault[name]) ? [] : [name],
  )
}

/** The copies a strategy asks for, in its stages too. */
export function mirrorsOf(strategy: Service['strategy'] | CompositeStrategy['stages'][number]): readonly Mirrored[] {
  switch (strategy.kind) {
    case 'shadow':
      return [strategy]
    case 'canary':
      return (strategy.steps ?? []).flatMap(({ mirror }) => (mirror === undefined ? [] : [mirror]))
    case 'blue-green':
      return strategy.mirror === undefined ? [] : [strategy.mirror]
    case 'composite':
      return strategy.stages.flatMap(mirrorsOf)
    default:
      return []
  }
}
