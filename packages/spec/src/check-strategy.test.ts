/** What a strategy asks for has to be possible: each refusal with its place, and the nearest name or share. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SerinError } from './errors.ts'
import { parseServiceFile, type FileIssue } from './parse-file.ts'

interface Written {
  readonly strategy?: string
  readonly replicas?: number
  readonly more?: string
  readonly metrics?: string
}

function fileOf({
  strategy = '{ kind: canary, preset: 1-5-25-100 }',
  replicas = 4,
  more = '',
  metrics,
}: Written): string {
  return `serin: v1
services:
  web:
    listen: 8080
    workload: { kind: process, replicas: ${replicas}, command: [web] }
    stable: v1
    versions: { v1: {}, v2: {} }
    strategy: ${strategy}
    metrics: ${metrics ?? '{ errors: { kind: errors }, sales: { kind: observation, role: goal } }'}
${more}  shop:
    listen: 8081
    workload: { kind: endpoints }
    stable: v1
    versions: { v1: { endpoints: ['http://127.0.0.1:1'] } }
`
}

/** The issues as people read them: line, path, sentence, nearest. */
function issuesOf(written: Written): readonly string[] {
  try {
    parseServiceFile(fileOf(written))
  } catch (error) {
    assert.ok(error instanceof SerinError)
    return (error.details['issues'] as readonly FileIssue[]).map(
      ({ line, path, message, nearest }) =>
        `${line} ${path}: ${message}${nearest === undefined ? '' : ` -> ${nearest}`}`,
    )
  }
  return []
}

const canary = (step: string, more = ''): Written => ({ strategy: `{ kind: canary${more}, steps: [${step}] }` })

test('shares by replicas are whole copies: the nearest on both sides are said', () => {
  const byReplicas = (weight: string, replicas = 4): readonly string[] =>
    issuesOf({ ...canary(`{ weight: ${weight} }`, ', by: replicas'), replicas })
  assert.deepEqual(byReplicas('25%'), [])
  assert.deepEqual(byReplicas('33.33%', 3), [])
  assert.deepEqual(byReplicas('5%'), [
    '8 services.web.strategy.steps.0.weight: 5 % of 4 replicas is not a whole number of them. Nearest: 25 % (1 of 4); or use "by: traffic".',
  ])
  assert.deepEqual(byReplicas('60%'), [
    '8 services.web.strategy.steps.0.weight: 60 % of 4 replicas is not a whole number of them. Nearest: 50 % (2 of 4), 75 % (3 of 4); or use "by: traffic".',
  ])
  assert.deepEqual(byReplicas('5%', 2), [
    '8 services.web.strategy.steps.0.weight: 5 % of 2 replicas is not a whole number of them. Nearest: 50 % (1 of 2); or use "by: traffic".',
  ])
  assert.match(byReplicas('50%', 1).join(), /strategy\.by: Shares by replicas need at least 2 replicas/)
  assert.match(
    issuesOf(canary('{ weight: 25%, replicas: 1 }', ', by: replicas')).join(),
    /steps\.0\.replicas: With "by: replicas" the share says how many copies there are/,
  )
  assert.deepEqual(issuesOf(canary('{ weight: 5% }')), [])
})

test('an experiment is about a metric with the role goal, in whichever stage it is', () => {
  assert.deepEqual(issuesOf({ strategy: '{ kind: ab, goal: sales, units: 1000 }' }), [])
  assert.deepEqual(issuesOf({ strategy: '{ kind: ab, goal: salse, units: 1000 }' }), [
    '8 services.web.strategy.goal: No metric with "role: goal" is called "salse". Known: sales. -> sales',
  ])
  const stages = '{ kind: composite, stages: [{ kind: ab, goal: errors, units: 1000 }] }'
  assert.deepEqual(issuesOf({ strategy: stages, metrics: '{ errors: { kind: errors } }' }), [
    '8 services.web.strategy.stages.0.goal: No metric with "role: goal" is called "errors". Known: (none).',
  ])
})

test('rolling has to have something to move', () => {
  assert.match(
    issuesOf({ strategy: '{ kind: rolling, maxSurge: 0, maxUnavailable: 0% }' }).join(),
    /strategy\.maxSurge: Expected more than 0 for maxSurge or maxUnavailable: without either nothing could move/,
  )
  assert.deepEqual(issuesOf({ strategy: '{ kind: rolling, maxSurge: 0, maxUnavailable: 25% }' }), [])
})

test('gates: people who may say yes are enough, and the other service exists; wherever the gate stands', () => {
  const gate = (text: string): Written => canary(`{ weight: 5%, gates: [${text}] }`)
  assert.deepEqual(issuesOf(gate('{ kind: approval, people: 2, from: [ann, bob] }')), [])
  assert.deepEqual(issuesOf(gate('{ kind: approval, people: 2, from: [ann, ann] }')), [
    '8 services.web.strategy.steps.0.gates.0.people: 2 people cannot say yes when only 1 may: name more in "from", or ask for fewer.',
  ])
  assert.deepEqual(issuesOf(gate('{ kind: dependency, service: shop }')), [])
  assert.deepEqual(issuesOf(gate('{ kind: dependency, service: shpo }')), [
    '8 services.web.strategy.steps.0.gates.0.service: No service of this file is called "shpo". Known: web, shop. -> shop',
  ])
  assert.match(issuesOf(gate('{ kind: dependency, service: web }')).join(), /A service cannot wait for its own release/)
  for (const [strategy, path] of [
    ['{ kind: blue-green, gates: [GATE] }', 'gates.0'],
    ['{ kind: rolling, gates: [GATE] }', 'gates.0'],
    ['{ kind: ab, goal: sales, units: 1000, gates: [GATE] }', 'gates.0'],
    ['{ kind: shadow, gates: [GATE] }', 'gates.0'],
    ['{ kind: composite, stages: [{ kind: validate, gates: [GATE] }] }', 'stages.0.gates.0'],
    [
      '{ kind: composite, stages: [{ kind: canary, steps: [{ weight: 5%, gates: [GATE] }] }] }',
      'stages.0.steps.0.gates.0',
    ],
  ] as const)
    assert.match(
      issuesOf({ strategy: strategy.replace('GATE', '{ kind: dependency, service: shpo }') }).join(),
      new RegExp(`^8 services\\.web\\.strategy\\.${path.replaceAll('.', '\\.')}\\.service: No service`),
      strategy,
    )
})

test('a time zone that nobody knows is told with the nearest', () => {
  const zone = (name: string): Written => canary(`{ weight: 5%, gates: [{ kind: window, timezone: ${name} }] }`)
  assert.deepEqual(issuesOf(zone('Europe/Vienna')), [])
  assert.match(
    issuesOf(zone('Europe/Berln')).join(),
    /timezone: Expected a time zone such as Europe\/Berlin, found "Europe\/Berln"/,
  )
  assert.match(issuesOf(zone('Nowhere')).join(), /timezone: Expected a time zone such as Europe\/Vienna/)
})

test('a freeze ends after it begins, whatever the offsets say', () => {
  const freeze = (from: string, to: string): Written => ({ more: `    freeze: [{ from: '${from}', to: '${to}' }]\n` })
  assert.deepEqual(issuesOf(freeze('2026-12-20T00:00:00Z', '2026-12-27T00:00:00Z')), [])
  assert.match(
    issuesOf(freeze('2026-12-20T00:00:00Z', '2026-12-20T01:00:00+02:00')).join(),
    /^10 services\.web\.freeze\.0\.to: Expected a time after "from"/,
  )
})

test('a strategy that passes every check is read', () => {
  assert.equal(
    parseServiceFile(fileOf({ strategy: '{ kind: blue-green, bake: 10m }' })).services['web']?.strategy.kind,
    'blue-green',
  )
})
