import type { GateContext } from '@serin/kit'
import { Gate } from '@serin/spec'
import assert from 'node:assert/strict'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { createGateRunner } from './all.ts'

const context: GateContext = {
  service: 'shop',
  rollout: 'shop-1',
  attempt: 1,
  step: 0,
  stable: 'v1',
  canary: 'v2',
  preview: null,
  baseDirectory: tmpdir(),
}

test('each kind of gate is asked as its kind says', async () => {
  const cases: readonly [Readonly<Record<string, unknown>>, string, RegExp][] = [
    [{ kind: 'http', url: '{preview}/' }, 'waiting', /no \{preview\} yet/],
    [{ kind: 'requests', file: 'x' }, 'waiting', /no \{preview\} yet/],
    [{ kind: 'command', command: ['true'] }, 'passed', /^true ended well\.$/],
    [{ kind: 'replication', command: ['true'] }, 'waiting', /^true printed no/],
  ]
  for (const [written, outcome, why] of cases) {
    const gate = Gate.parse(written)
    assert.ok(
      gate.kind === 'http' || gate.kind === 'requests' || gate.kind === 'command' || gate.kind === 'replication',
    )
    const answer = await createGateRunner().ask(gate, context, new AbortController().signal)
    assert.equal(answer.outcome, outcome)
    assert.match(answer.why, why)
  }
})
