import type { Judgement } from '@serin/spec'
import * as fc from 'fast-check'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decideArms, pairOf, pairShareBp, type Challenger } from './arms.ts'
import { slotOf } from './testing/setups.ts'

const goal = { metric: 'bought', better: 'higher' } as const

function challenger(version: string, verdict: string, shown: string, difference: number): Challenger {
  const judgement = { verdict, goal: { verdict: shown }, metrics: [{ name: 'bought', difference }] }
  return { version, judgement: judgement as unknown as Judgement }
}

const challengers = fc.array(
  fc.record({
    verdict: fc.constantFrom('safe', 'safe', 'undecided', 'harmful'),
    shown: fc.constantFrom('better', 'better', 'not-shown', 'undecided'),
    difference: fc.integer({ min: -50, max: 50 }),
  }),
  { minLength: 1, maxLength: 5 },
)

test('who is harmful never wins, the winner is better and safe, and nobody better and safe gains more', () => {
  fc.assert(
    fc.property(challengers, (all) => {
      const named = all.map((one, i) => ({ ...one, version: `v${i + 2}` }))
      const { harmful, best } = decideArms(
        named.map(({ version, verdict, shown, difference }) => challenger(version, verdict, shown, difference)),
        goal,
      )
      assert.deepEqual(
        harmful,
        named.filter(({ verdict }) => verdict === 'harmful').map(({ version }) => version),
      )
      const left = named.filter(({ verdict }) => verdict !== 'harmful')
      if (left.length === 0 || left.some(({ shown }) => shown === 'undecided')) return assert.equal(best, 'undecided')
      const worthy = left.filter(({ verdict, shown }) => verdict === 'safe' && shown === 'better')
      if (best === null) return assert.ok(left.every(({ shown }) => shown === 'not-shown'))
      if (best === 'undecided') return assert.ok(worthy.length === 0 && left.some(({ shown }) => shown === 'better'))
      const winner = worthy.find(({ version }) => version === best.version)
      assert.ok(winner !== undefined && worthy.every(({ difference }) => difference <= winner.difference))
    }),
  )
})

test('a pair has its part of both shares, and nobody else', () => {
  assert.deepEqual([pairShareBp(2_000, 4_000), pairShareBp(0, 0), pairShareBp(5_000, 5_000)], [3_333, 0, 5_000])
  const both = slotOf({ v1: { randomised: 40 }, v2: { randomised: 20 } }, { canaryBp: 2_000 })
  const slot = {
    ...both,
    weights: { v2: 2_000, v3: 4_000, v1: 4_000 },
    arms: { ...both.arms, v3: both.arms['v2'] ?? assert.fail() },
  }
  const pair = pairOf(slot, 'v2', 'v1')
  assert.deepEqual(pair.weights, { v2: 3_333, v1: 6_667 })
  assert.deepEqual(Object.keys(pair.arms).toSorted(), ['v1', 'v2'])
})
