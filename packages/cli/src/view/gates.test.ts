import assert from 'node:assert/strict'
import { test } from 'node:test'
import { noon, rollout, service } from '../testing/statuses.ts'
import { gateTable, waitingGates } from './gates.ts'
import { createPaper } from './paper.ts'

const paper = createPaper({ width: 100, height: null, cuts: false, colour: false })
const gate = (name: string, sinceMs: number, people: number | null) => ({
  name,
  kind: people === null ? 'http' : 'approval',
  since: noon - sinceMs,
  says: people === null ? 'It answers 503.' : null,
  approvals: people === null ? [] : ['ann'],
  people,
})

test('gates that need people come first, then who has waited longest; services without a gate are left out', () => {
  const services = [
    service({ name: 'api', rollout: rollout({ id: 'api-1', gate: gate('ready', 60_000, null) }) }),
    service({ name: 'web', rollout: rollout({ id: 'web-4', gate: gate('yes', 30_000, 2) }) }),
    service({ name: 'old', rollout: null }),
    service({ name: 'cms', rollout: rollout({ id: 'cms-2', gate: gate('warm', 90_000, null) }) }),
  ]
  const gates = waitingGates(services)
  assert.deepEqual(
    gates.map(({ service: name }) => name),
    ['web', 'cms', 'api'],
  )
  const [, first = '', second = ''] = gateTable(gates, paper, noon)
  assert.match(first, /^web +web-4 +v2 +yes +approval +30s +1 of 2 people: ann/)
  assert.match(second, /^cms +cms-2 +v2 +warm +http +1m30s +It answers 503\./)
})
