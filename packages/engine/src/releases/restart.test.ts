import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Release } from '@serin/spec'
import { asker, fileOf, World } from '../testing/world.ts'

const strategy = '{ kind: canary, steps: [{ weight: 50%, hold: 1s }] }'
const services = ['api', 'web'] as const

/** What happens to a coupled release, besides the control plane dying. */
interface Plot {
  readonly order: Release['order']
  /** web's new version fails. */
  readonly isHarmful: boolean
  /** Somebody aborts when web has traffic. */
  readonly isAborted: boolean
}

/** A control plane that dies after some commits, and the people who start it again and say what has not been heard. */
class Story {
  readonly world = new World()
  heard: Release | null = null
  readonly #every: number

  constructor(every: number) {
    this.#every = every
  }

  async revive(): Promise<void> {
    for (let turn = 0; this.world.dead; turn += 1) {
      assert.ok(turn < 100, 'it dies at every start')
      this.world.kill()
      await this.world.pass(2_000)
      this.world.diesAfter = this.#every
      await this.world.start().catch((error: unknown) => {
        if (!this.world.dead) throw error
      })
    }
  }

  /** Does something until it has been done while the control plane lived; an error that is no death is passed on. */
  async say(isDone: () => boolean, act: () => unknown): Promise<void> {
    for (let turn = 0; turn < 100; turn += 1) {
      await this.revive()
      try {
        if (isDone()) return
        await act()
        if (!this.world.dead) return
      } catch (error) {
        if (!this.world.dead) throw error
      }
    }
    assert.fail('it was never heard')
  }

  async until(what: string, so: () => boolean): Promise<void> {
    for (let turn = 0; turn < 300; turn += 1) {
      await this.revive()
      try {
        if (!this.world.dead && so()) return
      } catch (error) {
        if (!this.world.dead) throw error
      }
      await this.world.pass(1_000)
    }
    assert.fail(`not so: ${what}: ${JSON.stringify(this.world.kept.get('release/release:1'))}`)
  }

  get release(): Release {
    return this.world.engine.releases.get('release:1')
  }
}

/** Plays a plot to its end. The control plane dies after `first` commits of it, and again after every `again`. */
async function play({ order, isHarmful, isAborted }: Plot, first: number, again = Infinity): Promise<Story> {
  const story = new Story(again)
  const { world } = story
  await world.start()
  // Whoever aborts has the time to be heard.
  const slow = isAborted ? strategy.replace('1s', '10m') : strategy
  const web = fileOf({ strategy: slow }, ['web']).replace('serin: v1\nservices:\n', '')
  await world.engine.apply({ text: fileOf({ strategy }, ['api']) + web, baseDirectory: '/files', name: 'f' }, asker)
  await world.until('v1 serves', () => services.every((name) => world.weight('v1', name) === 10_000))
  world.commits.length = 0
  world.diesAfter = first
  if (isHarmful) world.traffic.errorRatio['v3'] = 0.5
  const members = [
    { service: 'api', to: 'v2' },
    { service: 'web', to: 'v3' },
  ]
  await story.say(
    () => world.engine.releases.list(10).length > 0,
    () => world.engine.releases.start({ members, order, hotfix: false, why: '' }, asker),
  )
  if (isAborted) {
    await story.until('web has traffic', () => world.weight('v3', 'web') > 0)
    await story.say(
      () => story.release.state !== 'going',
      () => world.engine.releases.command('release:1', { type: 'abort', by: 'bob', why: '' }),
    )
  }
  await story.until('it is over', () => story.release.endedAt !== null)
  return story
}

/** All or nothing, each member released and taken back once, and in a sequence in its order. */
function assertSound({ world, release }: Story, plot: Plot, how: string): void {
  const isBack = plot.isHarmful || plot.isAborted
  assert.equal(release.state, isBack ? 'reversed' : 'done', how)
  assert.deepEqual(
    services.map((name) => world.status(name).stable),
    isBack ? ['v1', 'v1'] : ['v2', 'v3'],
    how,
  )
  assert.ok(world.kept.verify().ok, how)
  const started = world.journal('rollout.started').map(({ stream }) => stream.replace('rollout/', ''))
  const ids = release.members.flatMap(({ rollout, back }) => [rollout?.id, back?.id]).filter((id) => id !== undefined)
  assert.deepEqual(started.toSorted(), ids.toSorted(), `every rollout belongs to it (${how})`)
  assert.equal(world.journal('release.started').length, 1, how)
  assert.deepEqual(
    world.defects.filter((defect) => !String(defect).includes('killed')),
    [],
    how,
  )
  if (plot.order === 'together') return
  const moves = world.journal('rollout.moved')
  const seqOf = (id: string, to: string): number =>
    moves.find(({ stream, data }) => stream === `rollout/${id}` && data['to'] === to)?.seq ?? 0
  const webStarted = world.journal('rollout.started').find(({ stream }) => stream === 'rollout/web-1')?.seq ?? 0
  assert.ok(webStarted > seqOf('api-1', 'promoted'), how)
  const apiBack = world.journal('rollout.started').find(({ stream }) => stream === 'rollout/api-2')?.seq
  if (apiBack !== undefined) assert.ok(apiBack > seqOf('web-1', 'rolled-back'), how)
}

const plots: Readonly<Record<string, Plot>> = {
  'a sequence to its end': { order: 'sequence', isHarmful: false, isAborted: false },
  'a sequence whose second member is harmful': { order: 'sequence', isHarmful: true, isAborted: false },
  'a sequence that somebody aborts': { order: 'sequence', isHarmful: false, isAborted: true },
  'two together, one of them harmful': { order: 'together', isHarmful: true, isAborted: false },
}

for (const [name, plot] of Object.entries(plots))
  test(`${name}: killed after any commit, all are promoted or all are back`, async (t) => {
    const whole = await play(plot, Infinity)
    assertSound(whole, plot, 'without a kill')
    const commits = whole.world.commits.length
    await whole.world[Symbol.asyncDispose]()
    t.diagnostic(`${commits} commits`)
    for (let k = 1; k <= commits; k += 1) {
      const story = await play(plot, k)
      assertSound(story, plot, `killed after commit ${k}`)
      await story.world[Symbol.asyncDispose]()
    }
  })

test('killed again and again it comes to the same end', async () => {
  const plot: Plot = { order: 'sequence', isHarmful: true, isAborted: false }
  for (const again of [9, 14]) {
    const story = await play(plot, again, again)
    assertSound(story, plot, `killed after every ${again} commits`)
    story.world.kill()
  }
})
