import { nearest } from './nearest.ts'
import type { Issue } from './reference-issue.ts'
import type { RoutingRule } from './routing-rule.ts'
import type { Service } from './service-file.ts'
import type { CompositeStrategy } from './strategy.ts'

type Asked = Omit<RoutingRule, 'name' | 'to'>
interface Placed {
  readonly path: readonly PropertyKey[]
  readonly asked: Asked
}

/** Segments that must exist, and what conditions need to be known. */
export function checkWho(service: Service): readonly Issue[] {
  const known = Object.keys(service.segments)
  const { country: source, gateway } = service
  const believed = gateway.trustProxies.length > 0 || source === undefined || !('addressHeader' in source)
  const unbelieved: readonly Issue[] = believed ? [] : [{ path: ['country', 'addressHeader'], message: nobodyBelieved }]
  const conditions = everyCondition(service).flatMap(({ path, asked: { segment, country } }) => {
    const issues: Issue[] = []
    if (segment !== undefined && !known.includes(segment)) {
      const near = nearest(segment, known)
      issues.push({
        path: [...path, 'segment'],
        message: `No segment is called "${segment}". Known: ${known.join(', ') || '(none)'}.`,
        ...(near === undefined ? {} : { nearest: near }),
      })
    }
    if (country !== undefined && service.country === undefined)
      issues.push({
        path: [...path, 'country'],
        message: 'Nothing says where the country of a request is read from: say it under "country" of the service.',
      })
    return issues
  })
  return [...unbelieved, ...conditions]
}

const nobodyBelieved =
  'The address of a client is believed only of proxies that are named: say who they are under "gateway.trustProxies".'

/** What only the gateway can do, said before anything moves. */
export function checkBeyondGateway(service: Service): readonly Issue[] {
  const { router, sticky, unit, override } = service
  const no = (path: readonly PropertyKey[], cannot: string): Issue => ({
    path,
    message: `${router} cannot ${cannot}: use "router: gateway".`,
  })
  return [
    ...(sticky === false ? [] : [no(['sticky'], 'give an id to who comes without one')]),
    ...unit.flatMap((source, i) => ('claim' in source ? [no(['unit', i, 'claim'], 'read a token')] : [])),
    ...(typeof override === 'object' ? [no(['override', 'keySha256'], 'check the secret of an override')] : []),
    ...everyCondition(service).flatMap(({ path, asked }) =>
      Object.entries(cannotMatch).flatMap(([part, cannot]) =>
        asked[part as keyof typeof cannotMatch] === undefined ? [] : [no([...path, part], cannot)],
      ),
    ),
  ]
}

const cannotMatch = {
  country: 'tell countries apart',
  device: 'tell devices apart',
  claim: 'read a token',
  unit: 'match units',
  share: 'take a part of who matches',
} as const satisfies Partial<Record<keyof Asked, string>>

/** Whether anything asks for a claim of the token. */
export function readsClaims(service: Service): boolean {
  return (
    service.unit.some((source) => 'claim' in source) ||
    everyCondition(service).some(({ asked }) => asked.claim !== undefined)
  )
}

/** Every place where requests are told apart: segments, rules, the routes of steps. */
function everyCondition({ segments, rules, strategy }: Service): readonly Placed[] {
  return [
    ...Object.entries(segments).map(([name, asked]) => ({ path: ['segments', name], asked })),
    ...rules.map((asked, i) => ({ path: ['rules', i], asked })),
    ...routesOf(strategy, ['strategy']),
  ]
}

function routesOf(
  strategy: Service['strategy'] | CompositeStrategy['stages'][number],
  path: readonly PropertyKey[],
): readonly Placed[] {
  if (strategy.kind === 'composite')
    return strategy.stages.flatMap((stage, i) => routesOf(stage, [...path, 'stages', i]))
  if (strategy.kind !== 'canary') return []
  return (strategy.steps ?? []).flatMap(({ route }, step) =>
    route.map((asked, i) => ({ path: [...path, 'steps', step, 'route', i], asked })),
  )
}
