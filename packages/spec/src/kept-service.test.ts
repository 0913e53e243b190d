import assert from 'node:assert/strict'
import { test } from 'node:test'
import { keptService } from './kept-service.ts'
import { Service, type ProcessWorkload } from './service-file.ts'

const strategies = [
  { kind: 'canary', preset: '5-25-50-100' },
  { kind: 'rolling' },
  { kind: 'ab', goal: 'errors', units: 1_000 },
]

function serviceWith(strategy: object): Service {
  return Service.parse({
    listen: 8080,
    workload: { kind: 'process', command: ['node', 'server.js'] },
    versions: { v1: {} },
    stable: 'v1',
    strategy,
    drain: '7s',
    shield: false,
  })
}

test('a service of an older Serin has the defaults of what came later, and nothing else changes', () => {
  const now = serviceWith({ kind: 'canary', preset: '5-25-50-100' })
  assert.deepEqual(keptService(now), now)
  const { router: _router, rollbackWindow: _window, strategy, analysis, workload, ...rest } = now
  const { upstream: _upstream, ...olderWorkload } = workload as ProcessWorkload
  const { onDeadline: _onDeadline, ...olderStrategy } = strategy
  const { judge: _judge, ...olderAnalysis } = analysis
  const older = JSON.parse(
    JSON.stringify({ ...rest, workload: olderWorkload, strategy: olderStrategy, analysis: olderAnalysis }),
  ) as Service
  assert.deepEqual(keptService(older), now)
})

for (const strategy of strategies)
  test(`what is kept of ${strategy.kind} is read as it was`, () => {
    const now = serviceWith(strategy)
    assert.deepEqual(keptService(JSON.parse(JSON.stringify(now)) as Service), now)
  })
