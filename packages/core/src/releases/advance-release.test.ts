import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { advanceRelease } from './advance-release.ts'
import { releaseSentence } from './release-sentence.ts'
import {
  beginRelease,
  type MemberView,
  type Release,
  type ReleaseAct,
  type ReleaseEvent,
  type ReleaseOrder,
  type ReleaseState,
  type RolloutSeen,
} from './release.ts'

const now = 2_000
const asked = (order: ReleaseOrder) =>
  beginRelease(
    {
      number: 1,
      order,
      hotfix: false,
      members: [
        { service: 'api', to: 'v2', from: 'v1' },
        { service: 'web', to: 'v5', from: 'v4' },
      ],
      by: 'ann',
      why: 'spring',
    },
    1_000,
  )

const idle = (stable: string): MemberView => ({ stable, active: null, out: null, back: null })
const seen = (id: string, phase: RolloutSeen['phase'], more: Partial<RolloutSeen> = {}): RolloutSeen => ({
  id,
  phase,
  reason: null,
  why: '',
  ...more,
})
const out = (service: string, stable: string, to: string, phase: RolloutSeen['phase'], more = {}): MemberView => ({
  ...idle(stable),
  out: seen(`${service}-1`, phase, more),
  active: phase === 'promoted' || phase === 'rolled-back' ? null : { id: `${service}-1`, to },
})
const apiPromoted = out('api', 'v2', 'v2', 'promoted')
const webOut = out('web', 'v4', 'v5', 'watching')
const webHarmful = out('web', 'v4', 'v5', 'rolled-back', { reason: 'harmful', why: 'It fails.' })

function after(release: Release, event: ReleaseEvent): { release: Release; acts: readonly ReleaseAct[] } {
  const outcome = advanceRelease(release, event, now)
  assert.ok('release' in outcome, 'refused' in outcome ? outcome.refused : '')
  return outcome
}
const look = (release: Release, ...views: readonly MemberView[]) => after(release, { type: 'seen', views })
const stages = ({ members }: Release) => members.map(({ stage }) => stage)

const going = asked('sequence')
const sequence = look(going, apiPromoted, webOut).release
const together = look(asked('together'), apiPromoted, webOut).release
const reversing = after(sequence, { type: 'abort', by: 'bob', why: 'no' }).release
const states: Readonly<Record<ReleaseState, Release>> = {
  going: sequence,
  held: after(sequence, { type: 'pause', by: 'bob', why: 'lunch' }).release,
  reversing,
  done: { ...sequence, state: 'done' },
  reversed: { ...sequence, state: 'reversed' },
  stuck: { ...reversing, state: 'stuck' },
}

/** Where each command leads, or the first words of why it does not fit. */
const commands: Readonly<Record<ReleaseState, Readonly<Record<'pause' | 'resume' | 'abort', string>>>> = {
  going: { pause: 'held', resume: 'The release is not held', abort: 'reversing' },
  held: { pause: 'held', resume: 'going', abort: 'reversing' },
  reversing: { pause: 'The release is going back', resume: 'The release is going back', abort: 'reversing' },
  done: { pause: 'The release is over', resume: 'The release is over', abort: 'Every member has been promoted' },
  reversed: { pause: 'The release is over', resume: 'The release is over', abort: 'The release is over' },
  stuck: { pause: 'The release could not go back', resume: 'The release could not go back', abort: 'reversing' },
}

describe('every command in every state', () => {
  for (const [state, row] of Object.entries(commands))
    for (const [type, expected] of Object.entries(row))
      test(`${state} × ${type}: ${expected}`, () => {
        const event = { type: type as 'pause', by: 'cid', why: 'because' }
        const outcome = advanceRelease(states[state as ReleaseState], event, now)
        if ('refused' in outcome) assert.ok(outcome.refused.startsWith(expected), outcome.refused)
        else assert.equal(outcome.release.state, expected)
      })
})

test('what is over is let alone, whatever is seen or refused', () => {
  const act = { type: 'undo', service: 'api', to: 'v1' } as const
  for (const state of ['done', 'reversed', 'stuck'] as const) {
    const over = states[state]
    assert.deepEqual(look(over, apiPromoted, webHarmful), { release: over, acts: [] })
    assert.deepEqual(after(over, { type: 'refused', act, why: 'no' }), { release: over, acts: [] })
  }
})

test('in a sequence the next member starts when the one before is promoted; together all start at once', () => {
  const api = { type: 'start', service: 'api', to: 'v2' }
  const web = { type: 'start', service: 'web', to: 'v5' }
  assert.deepEqual(look(going, idle('v1'), idle('v4')).acts, [api])
  assert.deepEqual(look(going, out('api', 'v1', 'v2', 'promoting'), idle('v4')).acts, [])
  assert.deepEqual(look(going, apiPromoted, idle('v4')).acts, [web])
  assert.deepEqual(look(asked('together'), idle('v1'), idle('v4')).acts, [api, web])
})

test('it is done when every member is promoted', () => {
  const { release, acts } = look(sequence, apiPromoted, out('web', 'v5', 'v5', 'promoted'))
  assert.deepEqual([release.state, release.since, acts], ['done', now, []])
  assert.equal(releaseSentence(release), 'All promoted: api v2, web v5.')
})

test('a member that is rolled back takes the promoted ones back, and the sentence says why', () => {
  const { release, acts } = look(sequence, apiPromoted, webHarmful)
  assert.deepEqual(acts, [{ type: 'undo', service: 'api', to: 'v1' }])
  assert.deepEqual(
    [release.state, release.by, release.why],
    ['reversing', 'serin', 'web: v5 was rolled back (harmful): It fails.'],
  )
  assert.equal(
    releaseSentence(release),
    'Going back, by serin: web: v5 was rolled back (harmful): It fails; api is going back to v1, web is at v4.',
  )
})

test('abort ends what is under way at once; in a sequence a promoted member waits for the ones after it', () => {
  const abort = { type: 'abort', service: 'web', rollout: 'web-1' }
  const undo = { type: 'undo', service: 'api', to: 'v1' }
  const command = { type: 'abort', by: 'bob', why: 'no' } as const
  assert.deepEqual(look(after(sequence, command).release, apiPromoted, webOut).acts, [abort])
  assert.deepEqual(look(after(together, command).release, apiPromoted, webOut).acts, [abort, undo])
  const before = look(after(sequence, command).release, apiPromoted, webOut).release
  assert.deepEqual(look(before, apiPromoted, out('web', 'v4', 'v5', 'rolling-back')).acts, [])
  assert.deepEqual(look(before, apiPromoted, webHarmful).acts, [undo])
})

test('a member that was promoted in the moment of the abort goes back as well', () => {
  const { acts } = look(reversing, apiPromoted, out('web', 'v5', 'v5', 'promoted'))
  assert.deepEqual(acts, [{ type: 'undo', service: 'web', to: 'v4' }])
})

test('when every member is back it is reversed, by who asked for it', () => {
  const apiBack = { ...idle('v1'), out: seen('api-1', 'promoted'), back: seen('api-2', 'promoted') }
  const { release, acts } = look(reversing, apiBack, webHarmful)
  assert.deepEqual([release.state, acts, stages(release)], ['reversed', [], ['back', 'back']])
  assert.deepEqual(
    release.members.map(({ rollout, back }) => [rollout, back]),
    [
      ['api-1', 'api-2'],
      ['web-1', null],
    ],
  )
  assert.equal(releaseSentence(release), 'All back: api v1, web v4; by bob: no.')
})

test('a start that is refused takes the others back', () => {
  const act = { type: 'start', service: 'web', to: 'v5' } as const
  const { release } = after(sequence, { type: 'refused', act, why: 'web has no version "v5".' })
  assert.equal(release.why, 'web could not start v5: web has no version "v5".')
  assert.deepEqual(look(release, apiPromoted, idle('v4')).acts, [{ type: 'undo', service: 'api', to: 'v1' }])
})

test('another version released by hand: that member is let alone, the others go back', () => {
  const other = { ...out('web', 'v4', 'v5', 'rolled-back', { reason: 'superseded', why: 'v6' }) }
  const taken = { ...other, active: { id: 'web-2', to: 'v6' } }
  assert.deepEqual(look(sequence, apiPromoted, taken).acts, [{ type: 'undo', service: 'api', to: 'v1' }])
  const waiting = { ...idle('v4'), active: { id: 'web-1', to: 'v6' } }
  const { release, acts } = look(going, out('api', 'v1', 'v2', 'watching'), waiting)
  assert.deepEqual(acts, [{ type: 'abort', service: 'api', rollout: 'api-1' }])
  assert.equal(release.why, 'web: somebody released v6 by hand.')
})

test('a promoted member that somebody released further is let alone, and the release says that not all are back', () => {
  const further = { ...apiPromoted, stable: 'v3' }
  const { release, acts } = look(sequence, further, webOut)
  assert.deepEqual(acts, [{ type: 'abort', service: 'web', rollout: 'web-1' }])
  const end = look(release, further, webHarmful)
  assert.deepEqual([end.release.state, end.acts], ['stuck', []])
  assert.equal(releaseSentence(end.release), 'Not all are back. api was let alone: somebody released v3 by hand.')
})

test('in a sequence nothing goes back under a member that cannot; together the others do', () => {
  const webPromoted = out('web', 'v5', 'v5', 'promoted')
  const act = { type: 'undo', service: 'web', to: 'v4' } as const
  for (const order of ['sequence', 'together'] as const) {
    const begun = look({ ...reversing, order }, apiPromoted, webPromoted).release
    const refused = after(begun, { type: 'refused', act, why: 'web has no version "v4".' }).release
    const { release, acts } = look(refused, apiPromoted, webPromoted)
    if (order === 'together') assert.deepEqual(acts, [{ type: 'undo', service: 'api', to: 'v1' }])
    else
      assert.deepEqual(
        [release.state, release.why],
        [
          'stuck',
          'web could not go back to v4: web has no version "v4". api stays at v2, because a member after it is not back.',
        ],
      )
  }
})

test('going back that failed is not tried again until somebody aborts again', () => {
  const failed = { ...apiPromoted, back: seen('api-2', 'rolled-back', { reason: 'failed', why: 'v1 exited.' }) }
  const { release } = look(reversing, failed, webHarmful)
  assert.deepEqual([release.state, release.why], ['stuck', 'api could not go back to v1: v1 exited.'])
  const again = after(release, { type: 'abort', by: 'cid', why: '' }).release
  assert.equal(again.turn, 2)
  assert.deepEqual(look(again, apiPromoted, webHarmful).acts, [{ type: 'undo', service: 'api', to: 'v1' }])
})

test('held: what is under way is held once, and nothing starts; resume lets go on what was held', () => {
  const { held } = states
  const pause = { type: 'pause', service: 'web', rollout: 'web-1' }
  const first = look(held, apiPromoted, webOut)
  assert.deepEqual(first.acts, [pause])
  const webHeld = out('web', 'v4', 'v5', 'holding', { reason: 'operator' })
  const second = look(first.release, apiPromoted, webHeld).release
  assert.deepEqual(look(second, apiPromoted, webOut).acts, [], 'who lets a member go on by itself is not overruled')
  const beforeWeb = look(going, apiPromoted, idle('v4')).release
  const noNext = after(beforeWeb, { type: 'pause', by: 'bob', why: '' }).release
  assert.deepEqual(look(noNext, apiPromoted, idle('v4')).acts, [])
  const goesOn = after(noNext, { type: 'resume', by: 'bob', why: '' }).release
  assert.deepEqual(look(goesOn, apiPromoted, idle('v4')).acts, [{ type: 'start', service: 'web', to: 'v5' }])
  const resumed = after(second, { type: 'resume', by: 'bob', why: '' }).release
  assert.deepEqual(look(resumed, apiPromoted, webHeld).acts, [{ ...pause, type: 'resume' }])
})

test('what is going back while the release is held still takes all back', () => {
  assert.equal(look(states.held, apiPromoted, webHarmful).release.state, 'reversing')
})
