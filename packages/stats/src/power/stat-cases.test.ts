import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { tuningInformation, twoSidedHalfWidth } from '../mean/normal-mixture.ts'
import type { Refusal } from '../refusal.ts'
import { runCases } from '../testing/stat-cases.ts'
import type { CaseCheck, StatCaseFile } from '../testing/stat-cases.ts'
import { criticalZ } from './design.ts'
import { furtherPower } from './further.ts'
import { meanDetectable, meanPower, meanSampleSize } from './mean.ts'
import type { MeanPlan } from './mean.ts'
import { proportionSampleSize } from './proportion.ts'
import { studentSampleSize } from './student.ts'

function must<T extends { readonly ok: true }>(value: T | Refusal): T {
  if (!value.ok) throw new Error(value.message)
  return value
}

interface PeerPlan {
  readonly mean: number
  readonly variance: number
  readonly effect: number
  readonly arms: number
  readonly alpha: number
  readonly tuningN?: number
}

/**
 * The peer plans for its sequence by widening the variance until z standard errors are the sequence's half-width. That also
 * widens the estimate's own spread, so its power is too high below one half and too low above; furtherPower keeps them apart.
 */
function planOf({ mean, variance, alpha, tuningN = 0 }: PeerPlan, perArm: number): MeanPlan {
  const z = criticalZ({ alpha })
  const half = tuningN === 0 ? z : twoSidedHalfWidth((2 * perArm) / tuningInformation(tuningN, alpha), alpha)
  return { mean, variance, alpha, difference: 'relative', varianceFactor: (half / z) ** 2 }
}
const powerOf = (peer: PeerPlan, perArm: number): number =>
  must(meanPower({ ...planOf(peer, perArm), effect: peer.effect }, { stable: perArm, canary: perArm })).power
const detectableOf = (peer: PeerPlan, perArm: number, power: number): number =>
  must(meanDetectable(planOf(peer, perArm), { stable: perArm, canary: perArm }, { power })).effect

type Total = PeerPlan & { readonly nTotal: number; readonly power: number }
const power: CaseCheck = (peer: Total, near) => near('power', powerOf(peer, peer.nTotal / peer.arms))
const mde: CaseCheck = (peer: Total, near) => near('mde', detectableOf(peer, peer.nTotal / peer.arms, peer.power))
const weekly: CaseCheck = (
  peer: PeerPlan & { readonly usersPerWeek: number; readonly targetPower: number; readonly weeks: readonly number[] },
  near,
) => {
  const perArm = peer.weeks.map((week) => (peer.usersPerWeek * week) / peer.arms)
  near(
    'power',
    perArm.map((units) => powerOf(peer, units)),
  )
  near(
    'mde',
    perArm.map((units) => detectableOf(peer, units, peer.targetPower)),
  )
}

const checks: Readonly<Record<string, CaseCheck>> = {
  'power, two-sided, relative effect, 3 arms, n total': power,
  'minimum detectable relative effect': mde,
  'power with sequential boundary (AsympCS tuning 5000)': power,
  'MDE with sequential boundary': mde,
  'weekly power and MDE curves, 4500 users/week, 3 arms: binomial p=0.1, effect 0.05': weekly,
  'weekly power and MDE curves, 4500 users/week, 3 arms: mean 0.1 var 0.5, effect 0.3': weekly,
  'power at a given scaling of further sample': (
    inputs: {
      readonly scalingFactor: number
      readonly varianceOfDifference: number
      readonly pairwiseN: number
      readonly targetMde: number
      readonly alpha: number
      readonly tuningN: number
      readonly prior: readonly [mean: number, variance: number] | null
    },
    near,
  ) => {
    const { scalingFactor, varianceOfDifference, pairwiseN, targetMde, alpha, tuningN, prior } = inputs
    const reading = furtherPower({
      variance: varianceOfDifference,
      scaling: scalingFactor,
      effect: targetMde,
      alpha,
      prior: prior && { mean: prior[0], variance: prior[1] },
      sequence: tuningN === 0 ? null : { units: pairwiseN, tuningUnits: tuningN },
    })
    near('power', must(reading).power)
  },
  'total sample size for two equal arms, two-sided z-test (G*Power reference)': (
    inputs: {
      readonly variance?: number
      readonly baseline?: number
      readonly mde: number
      readonly alpha: number
      readonly power: number
    },
    near,
  ) => {
    const { variance, baseline = 0, mde: effect, alpha, power: wanted } = inputs
    if (variance === undefined)
      return near('nTotal', must(proportionSampleSize({ rate: baseline, effect, alpha }, { power: wanted })).total)
    near('nTotal', must(meanSampleSize({ variance, effect, alpha }, { power: wanted })).total)
    // Student's t is what the reference used: the very number, not one within half a percent.
    assert.equal(must(studentSampleSize({ variance, effect, alpha }, { power: wanted })).total, 39_906)
  },
  'per-arm n = 2 (z_{1-a/2}+z_power)^2 sd^2/delta^2 and the rule-of-thumb multiplier': (
    inputs: { readonly sd: number; readonly delta: number; readonly alpha: number; readonly power: number },
    near,
  ) => {
    const { sd, delta, alpha, power: wanted } = inputs
    const size = must(meanSampleSize({ variance: sd * sd, effect: delta, alpha }, { power: wanted }))
    assert.equal(size.canary, size.stable)
    near('nPerArm', size.canary)
    // A metric so noisy that rounding up to whole units is out of sight.
    const many = must(meanSampleSize({ variance: 1e12, effect: 1, alpha }, { power: wanted }))
    near('multiplier', many.canary / 1e12)
    assert.equal(many.ruleOfThumbPerArm, 16e12)
  },
}

const path = join(import.meta.dirname, '..', '..', '..', '..', '..', 'shared', 'data', 'stat-cases.json')
const skip = existsSync(path) ? false : 'The reference cases (stat-cases.json) are not beside this repository.'

test('plans agree with other engines', { skip }, (t) => {
  const { wrong, ran, unused } = runCases(JSON.parse(readFileSync(path, 'utf8')) as StatCaseFile, checks)
  t.diagnostic(`${ran} cases`)
  assert.deepEqual({ wrong, unused }, { wrong: [], unused: [] })
  assert.ok(ran >= 16, `only ${ran} cases ran`)
})
