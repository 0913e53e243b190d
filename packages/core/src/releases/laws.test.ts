/** What holds of coupled releases whatever happens: random stories over a small model of services, and what a person would expect of their ends. */
import * as fc from 'fast-check'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { advanceRelease } from './advance-release.ts'
import {
  beginRelease,
  isReleaseOver,
  type MemberView,
  type Release,
  type ReleaseAct,
  type ReleaseEvent,
  type ReleaseOrder,
  type RolloutSeen,
} from './release.ts'

const runs = { numRuns: 1_000 }

interface Rollout extends RolloutSeen {
  readonly owner: 'out' | 'somebody' | number
  readonly from: string
  readonly to: string
}

/** A service as the release sees it: what is stable, and its rollouts in order. Promotion and going back take a step of their own. */
class Model {
  stable: string
  readonly rollouts: Rollout[] = []
  readonly #name: string
  readonly #refuses: 'start' | 'undo' | null

  constructor(name: string, stable: string, refuses: 'start' | 'undo' | null = null) {
    this.#name = name
    this.stable = stable
    this.#refuses = refuses
  }

  get active(): Rollout | null {
    const last = this.rollouts.at(-1)
    return last === undefined || last.phase === 'promoted' || last.phase === 'rolled-back' ? null : last
  }

  view(turn: number): MemberView {
    const { active, stable } = this
    const of = (owner: Rollout['owner']) => this.rollouts.findLast((rollout) => rollout.owner === owner) ?? null
    return {
      stable,
      active: active === null ? null : { id: active.id, to: active.to },
      out: of('out'),
      back: turn === 0 ? null : of(turn),
    }
  }

  begin(owner: Rollout['owner'], to: string): void {
    if (this.active !== null) this.#end({ phase: 'rolled-back', reason: 'superseded' })
    const id = `${this.#name}-${this.rollouts.length + 1}`
    this.rollouts.push({ id, owner, from: this.stable, to, phase: 'watching', reason: null, why: '' })
  }

  /** Does what it is told; the refusal, if there is one. */
  do(act: ReleaseAct, turn: number): string | null {
    if (act.type === this.#refuses) return 'it cannot'
    if (act.type === 'start') this.begin('out', act.to)
    else if (act.type === 'undo') this.begin(turn, act.to)
    else if (this.active?.id !== act.rollout) return 'it is over'
    else if (act.type === 'abort') this.#end({ phase: 'rolling-back', reason: 'aborted' })
    else if (act.type === 'pause') this.#end({ phase: 'holding', reason: 'operator' })
    else this.#end({ phase: 'watching', reason: null })
    return null
  }

  /** The rollout under way goes one step on: harm takes it back, else it is promoted. */
  step(harm: boolean): void {
    const { active } = this
    if (active === null || active.phase === 'holding') return
    if (active.phase === 'rolling-back') return this.#end({ phase: 'rolled-back' })
    if (harm && active.owner === 'out') return this.#end({ phase: 'rolling-back', reason: 'harmful' })
    if (active.phase === 'watching') return this.#end({ phase: 'promoting' })
    this.stable = active.to
    this.#end({ phase: 'promoted' })
  }

  #end(change: Partial<Rollout>): void {
    const last = this.rollouts.at(-1)
    if (last !== undefined) this.rollouts[this.rollouts.length - 1] = { ...last, ...change }
  }
}

interface Told {
  readonly release: Release
  readonly act: ReleaseAct
  readonly models: readonly Model[]
}

/** A release over a few services, and everything that it asked of them. */
class Play {
  release: Release
  /** What was stable in the moment in which it ended. */
  atEnd: readonly string[] = []
  readonly models: readonly Model[]
  readonly #check: (told: Told) => void

  constructor(order: ReleaseOrder, models: readonly Model[], check: (told: Told) => void = () => undefined) {
    const members = models.map((_model, i) => ({ service: `s${i}`, to: 'new', from: 'old' }))
    this.release = beginRelease({ number: 1, order, hotfix: false, members, by: 'ann', why: '' }, 0)
    this.models = models
    this.#check = check
  }

  /** Gives an event; a command that does not fit changes nothing. */
  say(event: ReleaseEvent): readonly ReleaseAct[] {
    const outcome = advanceRelease(deepFreeze(this.release), deepFreeze(event), 0)
    if ('refused' in outcome) return []
    if (!isReleaseOver(this.release) && isReleaseOver(outcome.release)) this.atEnd = this.stables
    this.release = outcome.release
    return outcome.acts
  }

  /** Looks, and does what is asked, until nothing more is; `lazy` leaves acts undone, as a crash would. */
  look(lazy = false): void {
    for (let turn = 0; turn < 20; turn += 1) {
      const acts = this.say({ type: 'seen', views: this.#views() })
      assert.deepEqual(this.say({ type: 'seen', views: this.#views() }), acts, 'seen again it asks for the same')
      if (lazy || acts.length === 0) return
      for (const act of acts) {
        this.#check({ release: this.release, act, models: this.models })
        const why = this.models[Number(act.service.slice(1))]?.do(act, this.release.turn) ?? null
        if (why === null) continue
        this.say({ type: 'refused', act, why })
        // What else was asked may not be wanted any more.
        break
      }
    }
    assert.fail(`it never comes to rest: ${JSON.stringify(this.release)}`)
  }

  /** Until it is over, with nobody acting from outside. */
  finish(harms: readonly boolean[] = []): void {
    for (let turn = 0; turn < 100 && !isReleaseOver(this.release); turn += 1) {
      this.look()
      for (const [i, model] of this.models.entries()) model.step(harms[i] ?? false)
    }
    assert.ok(isReleaseOver(this.release), `it never ends: ${JSON.stringify(this.release)}`)
  }

  get stables(): readonly string[] {
    return this.models.map(({ stable }) => stable)
  }

  #views(): readonly MemberView[] {
    return this.models.map((model) => model.view(this.release.turn))
  }
}

const order = fc.constantFrom<ReleaseOrder>('sequence', 'together')
const who = fc.nat(3)
/** What happens between two looks. */
const happening = fc.oneof(
  { weight: 12, arbitrary: fc.record({ type: fc.constant('round' as const) }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('step' as const), who, harm: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('look' as const), lazy: fc.boolean() }) },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant('command' as const), what: fc.constantFrom('pause', 'resume', 'abort') }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant('by-hand' as const), who, to: fc.constantFrom('old', 'new', 'other') }),
  },
)
const stories = fc.array(happening, { maxLength: 50 })
const refusals = fc.array(fc.constantFrom('start' as const, 'undo' as const, ...Array<null>(12).fill(null)), {
  minLength: 2,
  maxLength: 4,
})

type Happening = typeof happening extends fc.Arbitrary<infer H> ? H : never

function happen(play: Play, what: Happening): void {
  if (what.type === 'look') return play.look(what.lazy)
  if (what.type === 'round') {
    play.look()
    for (const model of play.models) model.step(false)
    return
  }
  if (what.type === 'command') return void play.say({ type: what.what as 'pause', by: 'bob', why: '' })
  const model = play.models[what.who % play.models.length]
  if (what.type === 'step') model?.step(what.harm)
  else if (model?.stable !== what.to) model?.begin('somebody', what.to)
}

/** Checks every act of many stories; gives each play at its end. */
function always(check: (told: Told) => void, atEnd: (play: Play) => void = () => undefined): void {
  fc.assert(
    fc.property(order, refusals, stories, (inOrder, refuses, story) => {
      const models = refuses.map((refusal, i) => new Model(`s${i}`, 'old', refusal))
      const play = new Play(inOrder, models, check)
      for (const what of story) {
        happen(play, what)
        atEnd(play)
      }
    }),
    runs,
  )
}

const indexOf = ({ act }: Told): number => Number(act.service.slice(1))

test('once it goes back no member starts, whatever happens', () => {
  let started = 0
  always((told) => {
    if (told.act.type !== 'start') return
    started += 1
    assert.deepEqual([told.release.state, told.release.turn], ['going', 0])
  })
  assert.ok(started > 500, String(started))
})

test('in a sequence a member starts only when those before it are promoted, and goes back only when those after it are back', () => {
  let undone = 0
  always((told) => {
    if (told.release.order !== 'sequence') return
    const at = indexOf(told)
    const others = told.release.members
    if (told.act.type === 'start') assert.ok(others.slice(0, at).every(({ stage }) => stage === 'promoted'))
    if (told.act.type !== 'undo') return
    undone += 1
    assert.ok(others.slice(at + 1).every(({ stage }) => stage === 'back'))
    assert.ok(told.models.slice(at + 1).every(({ stable }) => stable === 'old'))
  })
  assert.ok(undone > 10, String(undone))
})

test('what somebody does by hand is never undone, aborted, held or let go on', () => {
  always((told) => {
    const model = told.models[indexOf(told)]
    assert.notEqual(model?.active?.owner, 'somebody')
    if (told.act.type === 'undo') assert.equal(model?.stable, 'new')
  })
})

test('done means that all serve the new version, reversed that all serve the old one', () => {
  const ends = { done: 0, reversed: 0 }
  fc.assert(
    fc.property(order, refusals, stories, (inOrder, refuses, story) => {
      const play = new Play(
        inOrder,
        refuses.map((refusal, i) => new Model(`s${i}`, 'old', refusal)),
      )
      for (const what of story) {
        if (isReleaseOver(play.release)) break
        happen(play, what)
      }
      const { state } = play.release
      if (state === 'done' || state === 'reversed') {
        ends[state] += 1
        const version = state === 'done' ? 'new' : 'old'
        assert.deepEqual(new Set(play.atEnd), new Set([version]))
      }
    }),
    runs,
  )
  assert.ok(ends.done > 5 && ends.reversed > 50, JSON.stringify(ends))
})

test('the end is what a person would expect: all or nothing, unless a member cannot go back', () => {
  const fate = fc.constantFrom(
    'good' as const,
    'good' as const,
    'harmful' as const,
    'refused' as const,
    'stays' as const,
  )
  const fates = fc.array(fate, { minLength: 2, maxLength: 5 })
  const abortAt = fc.option(fc.nat(12))
  fc.assert(
    fc.property(order, fates, abortAt, (inOrder, each, aborted) => {
      const refusal = { good: null, harmful: null, refused: 'start', stays: 'undo' } as const
      const play = new Play(
        inOrder,
        each.map((one, i) => new Model(`s${i}`, 'old', refusal[one])),
      )
      for (let turn = 0; turn < (aborted ?? 0); turn += 1) {
        play.look()
        for (const [i, model] of play.models.entries()) model.step(each[i] === 'harmful')
      }
      if (aborted !== null) play.say({ type: 'abort', by: 'bob', why: '' })
      play.finish(each.map((one) => one === 'harmful'))
      const { state, turn } = play.release
      const fine = each.every((one) => one === 'good' || one === 'stays')
      if (state === 'done') assert.deepEqual([fine, turn], [true, 0])
      else if (state === 'reversed') assert.ok(!fine || aborted !== null)
      else assert.ok(each.includes('stays'))
      if (aborted === null && fine) assert.equal(state, 'done')
      if (!each.includes('stays')) assert.equal(new Set(play.stables).size, 1)
    }),
    runs,
  )
})

test('left alone it always ends, from wherever it has come to', () => {
  always(
    () => undefined,
    (play) => {
      play.say({ type: 'resume', by: 'bob', why: '' })
    },
  )
  fc.assert(
    fc.property(order, refusals, stories, (inOrder, refuses, story) => {
      const play = new Play(
        inOrder,
        refuses.map((refusal, i) => new Model(`s${i}`, 'old', refusal)),
      )
      for (const what of story) happen(play, what)
      play.say({ type: 'resume', by: 'bob', why: '' })
      play.finish()
    }),
    runs,
  )
})

test('going back aborts all that is under way in the same look', () => {
  fc.assert(
    fc.property(order, fc.array(fc.boolean(), { minLength: 2, maxLength: 4 }), fc.nat(3), (inOrder, harms, steps) => {
      const play = new Play(
        inOrder,
        harms.map((_harm, i) => new Model(`s${i}`, 'old')),
      )
      for (let turn = 0; turn < steps; turn += 1) {
        play.look()
        for (const [i, model] of play.models.entries()) model.step(harms[i] ?? false)
      }
      play.say({ type: 'abort', by: 'bob', why: '' })
      play.look()
      if (play.release.state === 'reversing')
        for (const { active } of play.models)
          assert.ok(active === null || active.owner !== 'out' || active.phase === 'rolling-back')
    }),
    runs,
  )
})

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) for (const part of Object.values(value)) deepFreeze(part)
  return Object.freeze(value)
}
