import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Plan } from '../plan.ts'
import { advance } from './advance.ts'
import { askedWeightBp, gateAsked, isQuiet, stepOf } from './asked.ts'
import type { EventOf } from './event.ts'
import { isOver, type RolloutState, type StateOf } from './state.ts'
import { isCommand } from './testing/operator.ts'
import { always as inEveryStory, type Moment } from './testing/stories.ts'

type OnStep = StateOf<'watching'> | StateOf<'holding'>

const always = (check: (moment: Moment) => void): void => inEveryStory((moments) => moments.forEach(check))

/** Only moments on a step of the plan. */
const onStep = (check: (moment: Moment & { readonly before: OnStep }) => void): void =>
  always((moment) => {
    const { before } = moment
    if ((before.phase === 'watching' || before.phase === 'holding') && before.step >= 0) check({ ...moment, before })
  })

const shares = ({ before, after, plan }: Moment): readonly [was: number, is: number] => [
  askedWeightBp(before, plan),
  askedWeightBp(after, plan),
]

/** What has become of the step, if it is still the same and was not entered anew; else null. */
function sameStep(before: OnStep, { event, after, refused }: Moment): OnStep | null {
  const enters = (event.type === 'jump' || event.type === 'promote') && !refused
  const same = 'step' in after && after.step === before.step && after.attempt === before.attempt && !enters
  return same ? after : null
}

/** How far it is: a step, or beyond the last. */
function placeOf(state: RolloutState, plan: Plan): number {
  if ('step' in state) return state.step
  return state.phase === 'promoting' ? plan.steps.length : -1
}

test('I1: harm is followed by 0 %, and by nothing else until somebody retries', () => {
  inEveryStory((moments) => {
    let harmed = false
    for (const { before, event, after, plan } of moments) {
      if (after.attempt > before.attempt) harmed = false
      const current = event.type === 'judged' && event.verdict === 'harmful' && event.attempt === before.attempt
      const tested = ['watching', 'holding', 'promoting'].includes(before.phase) && placeOf(before, plan) >= 0
      harmed ||= current && tested
      if (harmed) assert.equal(askedWeightBp(after, plan), 0)
    }
  })
})

/** What the evidence has to say before a step is left. */
function passesByRule({ before, plan }: Moment, event: EventOf<'judged'>): void {
  const [step, next] = [stepOf(before, plan), plan.steps[placeOf(before, plan) + 1]]
  assert.ok(step !== null && before.phase === 'watching')
  assert.equal(event.attempt, before.attempt)
  assert.ok(event.creditMs > 0, 'a slot with samples')
  assert.ok(before.evidenceMs + event.creditMs >= step.holdMs, 'its evidence time')
  assert.ok((event.units ?? 0) >= (step.minUnits ?? 0), 'its units')
  assert.equal(before.passed ?? 0, step.gates?.length ?? 0, 'its gates')
  assert.equal(before.waitingBp, undefined, 'its copies')
  assert.equal(step.pause, false)
  assert.notEqual(event.verdict, 'harmful')
  if (step.passes === 'decided') assert.deepEqual([event.verdict, event.goal?.verdict], ['safe', 'better'])
  if (step.passes === undefined)
    assert.ok(event.verdict === 'safe' || (next !== undefined && next.weightBp <= (event.ramp?.growBp ?? -1)))
}

test('I2: by itself a step is left only by its own rule, with its gates passed, its copies ready and its units served', () => {
  onStep((moment) => {
    const { before, event, after, plan } = moment
    if (placeOf(after, plan) <= before.step || (isCommand(event) && event.type !== 'approve')) return
    const step = plan.steps[before.step]
    assert.ok(step !== undefined && before.phase === 'watching')
    if (event.type === 'judged') return passesByRule(moment, event)
    // Only a step that has no requests is left for another reason than evidence: the last thing it waited for.
    assert.ok(isQuiet(step) && !step.pause)
    const gates = step.gates?.length ?? 0
    if (event.type === 'scaled') assert.deepEqual([before.waitingBp !== undefined, before.passed ?? 0], [true, gates])
    else assert.deepEqual([before.waitingBp, before.passed ?? 0], [undefined, gates - 1])
    assert.ok(event.type === 'scaled' || event.type === 'approve' || event.type === 'gate')
  })
})

test('I3: what is held never goes forward by itself', () => {
  always((moment) => {
    const { before, event, after } = moment
    if (before.phase !== 'holding' || (isCommand(event) && event.type !== 'approve')) return
    const [was, is] = shares(moment)
    assert.ok(is <= was, `${was} → ${is}`)
    assert.ok(after.phase === 'holding' || after.phase === 'rolling-back')
  })
})

test('I4: what is over stays over, unless somebody retries what was rolled back', () => {
  always(({ before, event, after }) => {
    if (!isOver(before)) return
    if (before.phase === 'rolled-back' && event.type === 'retry')
      assert.deepEqual([after.phase, after.attempt], ['preparing', before.attempt + 1])
    else assert.equal(after, before)
  })
})

test('I5: the share asked is 0, the one of the step, on its schedule, not above the one before while copies are waited for, or 100 % once promotion was decided', () => {
  always(({ after, plan }) => {
    const bp = askedWeightBp(after, plan)
    if (after.phase === 'promoting' || after.phase === 'promoted') return assert.equal(bp, 10_000)
    const step = stepOf(after, plan)
    if (step === null || !('step' in after)) return assert.equal(bp, 0)
    if (after.waitingBp !== undefined) assert.ok(bp <= after.waitingBp && bp <= step.weightBp)
    else if (step.fromBp === undefined) assert.equal(bp, step.weightBp)
    else assert.ok(bp >= Math.max(1, step.fromBp) && bp <= step.weightBp, `${bp}`)
  })
})

test('I6: time moves no traffic to canary, and none back to stable unless the plan says so', () => {
  always((moment) => {
    if (moment.event.type !== 'tick') return
    const [was, is] = shares(moment)
    if (moment.plan.onDeadline === 'rollback' && moment.after.phase === 'rolling-back') assert.equal(is, 0)
    else assert.equal(is, was)
  })
})

test('I7: facts are never refused, and a refused command changes nothing', () => {
  always(({ event, refused, before, after }) => {
    if (!refused) return
    assert.ok(isCommand(event), event.type)
    assert.equal(after, before)
  })
})

test('I8: evidence and words of another attempt or another step change nothing', () => {
  always(({ event, before, after }) => {
    if ('attempt' in event && event.attempt !== before.attempt) assert.equal(after, before)
    if ((event.type === 'gate' || event.type === 'scaled') && 'step' in before && event.step !== before.step)
      assert.equal(after, before)
  })
})

test('I9: the share rises only when the version or its copies are ready, by evidence, by the last gate of a step without requests, or when a person says so', () => {
  always((moment) => {
    const { before, event, plan } = moment
    const [was, is] = shares(moment)
    if (is <= was) return
    const raises = ['canary-ready', 'judged', 'gate', 'scaled', 'approve', 'resume', 'promote', 'jump']
    assert.ok(raises.includes(event.type), event.type)
    const step = stepOf(before, plan)
    if (event.type === 'gate' || event.type === 'approve') assert.ok(step !== null && isQuiet(step))
    if (event.type === 'resume')
      assert.ok(before.phase === 'holding' && (before.reason === 'pause-step' || (step !== null && isQuiet(step))))
  })
})

test('I10: promotion and rollback end only when the router says so', () => {
  always(({ before, event, after }) => {
    if (before === after || !isOver(after)) return
    assert.ok(event.type === 'in-force')
    assert.equal(event.weightBp, after.phase === 'promoted' ? 10_000 : 0)
  })
})

test('I11: a rollback cannot be stopped, and an abort is always heard before it is over', () => {
  always(({ before, event, after, refused }) => {
    if (before.phase === 'rolling-back') assert.ok(after.phase === 'rolling-back' || after.phase === 'rolled-back')
    if (event.type !== 'abort' || isOver(before)) return
    assert.equal(refused, false)
    assert.equal(after.phase, 'rolling-back')
  })
})

test('I12: the same story gives the same states, and nothing that goes in is changed', () => {
  always(({ before, event, after, refused, plan, now }) => {
    const again = advance(structuredClone(before), structuredClone(event), structuredClone(plan), now)
    assert.deepEqual(again, refused ? again : { state: after })
  })
})

test('I13: a share that the budget does not allow is left at once, for one that it allows or for none', () => {
  onStep((moment) => {
    const { before, event } = moment
    if (event.type !== 'judged' || event.ramp === undefined || event.attempt !== before.attempt) return
    const [was, is] = shares(moment)
    if (event.ramp.stayBp < was) assert.ok(is <= event.ramp.stayBp, `${was} → ${is}`)
    if (is > was && is < 10_000) assert.ok(is <= Math.max(event.ramp.growBp, event.ramp.stayBp), `${was} → ${is}`)
  })
})

test('I14: a gate passes by its own word alone: one at a time, in their order, and never by evidence, time or a person in a hurry', () => {
  onStep((moment) => {
    const { before, event, plan } = moment
    const on = sameStep(before, moment)
    const [was, is] = [before.passed ?? 0, on?.passed ?? 0]
    if (on === null || is === was) return
    assert.equal(is, was + 1)
    const { gate, at } = gateAsked(before, plan) ?? {}
    assert.equal(at, was)
    if (gate?.kind === 'approval') assert.equal(event.type, 'approve')
    else assert.ok(event.type === 'gate' && event.gate === was && event.outcome === 'passed')
  })
})

test('I15: the word of a gate that is not asked now changes nothing', () => {
  always(({ before, event, after, plan }) => {
    if (event.type !== 'gate') return
    const asked = gateAsked(before, plan)
    const failed = 'gateFailed' in before && before.gateFailed
    if (asked === null || asked.at !== event.gate || asked.gate.kind === 'approval' || failed)
      assert.equal(after, before)
  })
})

test('I16: an approval needs as many different people as it says, each of whom may, and counts each once', () => {
  inEveryStory((moments) => {
    let yes: string[] = []
    for (const moment of moments) {
      const { before, event, after, refused, plan } = moment
      const { gate, at } = gateAsked(before, plan) ?? {}
      const people = gate?.kind === 'approval' ? gate.people : 0
      if (event.type === 'approve') {
        const may = gate?.kind === 'approval' && gate.from?.includes(event.by) !== false
        assert.equal(refused, !may || yes.includes(event.by))
        if (!refused) yes.push(event.by)
      }
      const same = 'step' in before && sameStep(before, moment) !== null && gateAsked(after, plan)?.at === at
      if (same && people > 0) assert.ok(yes.length < people)
      else if (event.type === 'approve' && !refused) assert.equal(yes.length, people)
      if (!same) yes = []
    }
  })
})

test('I17: while copies are waited for the share does not rise, and what is seen is no evidence time of the step', () => {
  onStep((moment) => {
    const { before } = moment
    const on = sameStep(before, moment)
    if (before.waitingBp === undefined || on?.waitingBp === undefined) return
    const [was, is] = shares(moment)
    assert.equal(is, was)
    assert.equal(on.evidenceMs, before.evidenceMs)
  })
})

test('I18: the share of a schedule never falls while its step lasts, stands still while it is held, and needs evidence to grow', () => {
  onStep((moment) => {
    const { before, event, plan } = moment
    if (plan.steps[before.step]?.fromBp === undefined || sameStep(before, moment) === null) return
    const [was, is] = shares(moment)
    assert.ok(is >= was, `${was} → ${is}`)
    if (before.phase === 'holding') assert.equal(is, was)
    if (is > was) assert.ok((event.type === 'judged' && event.creditMs > 0) || event.type === 'scaled', event.type)
  })
})

test('I19: missing evidence never adds traffic, and none is missing where canary gets nothing', () => {
  onStep((moment) => {
    const { before, event, after, plan } = moment
    if (event.type !== 'unhealthy' && (event.type !== 'judged' || event.creditMs > 0)) return
    const [was, is] = shares(moment)
    assert.ok(is <= was, `${was} → ${is}`)
    const nothing = was === 0 && plan.steps[before.step]?.mirror === undefined
    if (event.type === 'unhealthy' && nothing) assert.equal(after, before)
  })
})

test('I20: a jump goes only where a person said, and nowhere before the version is ready', () => {
  always(({ before, event, after, refused, plan }) => {
    if (event.type !== 'jump' || refused) return
    assert.ok('step' in before && before.step >= 0)
    assert.ok(event.seenStep === null || event.seenStep === before.step)
    // Beyond it only if there is nothing to wait for.
    for (const step of plan.steps.slice(event.to, placeOf(after, plan))) assert.ok(isQuiet(step) && !step.pause)
    assert.ok(placeOf(after, plan) >= event.to)
  })
})

test('I21: a step without requests is watched only while it waits for something, and left at once when it does not', () => {
  always(({ after, plan }) => {
    const step = stepOf(after, plan)
    if (after.phase !== 'watching' || step === null || !isQuiet(step)) return
    assert.ok(after.waitingBp !== undefined || gateAsked(after, plan) !== null, JSON.stringify(after))
  })
})

test('I22: with all traffic canary is watched where the plan says so, also when somebody promotes it in full', () => {
  always(({ before, event, after, refused, plan }) => {
    if (event.type !== 'promote' || !event.full || refused || !('step' in before)) return
    const last = plan.steps.length - 1
    const watched = plan.steps[last]?.weightBp === 10_000 && before.step < last
    assert.deepEqual([after.phase, placeOf(after, plan)], watched ? ['watching', last] : ['promoting', last + 1])
  })
})

/** What a moment shows, by name. */
function shown(moment: Moment): readonly (string | false)[] {
  const { before, event, after, refused, plan } = moment
  const step = stepOf(before, plan)
  const [was, is] = shares(moment)
  const left = placeOf(after, plan) > placeOf(before, plan) && step !== null
  return [
    before.phase !== after.phase && ('reason' in after ? `${after.phase}: ${after.reason}` : after.phase),
    left && event.type === 'judged' && `left by ${step.passes ?? 'safe'}`,
    left && event.type === 'judged' && step.gates !== undefined && 'left with gates',
    left && event.type === 'judged' && step.weightBp === 10_000 && 'left with all traffic',
    left && isQuiet(step) && 'left without traffic',
    event.type === 'approve' && !refused && ('approvals' in after ? 'one agrees' : 'all agree'),
    event.type === 'scaled' && is > was && 'copies are ready',
    step?.fromBp !== undefined && !left && event.type === 'judged' && is > was && 'a schedule grows',
    event.type === 'judged' && event.ramp !== undefined && is < was && 'left for the budget',
    'gateFailed' in before && before.gateFailed && event.type === 'resume' && 'asked anew',
    event.type === 'jump' && !refused && 'jump',
  ]
}

test('the stories of these laws meet every way a rollout can go', () => {
  const met = new Set<string | false>()
  always((moment) => shown(moment).forEach((name) => met.add(name)))
  const back = ['harmful', 'budget', 'aborted', 'failed', 'superseded', 'gate', 'no-evidence', 'no-gain', 'deadline']
  const held = ['operator', 'pause-step', 'deadline', 'gate', 'no-evidence']
  const rules = ['by safe', 'by no-harm', 'by decided']
  const more = ['with gates', 'with all traffic', 'without traffic', 'for the budget']
  const others = ['one agrees', 'all agree', 'copies are ready', 'a schedule grows', 'asked anew', 'jump']
  const ways = [
    ...back.flatMap((reason) => [`rolling-back: ${reason}`, `rolled-back: ${reason}`]),
    ...held.map((reason) => `holding: ${reason}`),
    ...[...rules, ...more].map((how) => `left ${how}`),
    ...others,
    'watching',
    'promoting',
    'promoted',
    'preparing',
  ]
  assert.deepEqual(
    ways.filter((way) => !met.has(way)),
    [],
  )
})
