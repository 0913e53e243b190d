import assert from 'node:assert/strict'
import { test } from 'node:test'
import { keys, type ServiceDocument } from './documents.ts'
import { asker, fileOf, World } from './testing/world.ts'

const baseDirectory = '/files'
const strategy = '{ kind: canary, steps: [{ weight: 10%, hold: 3s }, { weight: 50%, hold: 2s }] }'

/** What a person wants, said again and again until it is acknowledged; the control plane may die at any moment. */
class Story {
  readonly world = new World()
  acknowledged = new Set<string>()

  /** Says something once the control plane is there, until it has been heard. */
  async say(what: string, act: () => unknown): Promise<void> {
    for (let turn = 0; !this.acknowledged.has(what); turn += 1) {
      assert.ok(turn < 50, `${what} was never heard`)
      await this.revive()
      try {
        await act()
        this.acknowledged.add(what)
      } catch (error) {
        if (!this.world.dead) throw error
      }
    }
  }

  /** Starts the control plane again when it is gone. */
  async revive(): Promise<void> {
    for (let turn = 0; this.world.dead; turn += 1) {
      assert.ok(turn < 100, 'it dies at every start')
      this.world.kill()
      await this.world.pass(3_000)
      await this.world.start().catch((error: unknown) => {
        if (!this.world.dead) throw error
      })
    }
  }

  async until(what: string, so: () => boolean): Promise<void> {
    for (let turn = 0; turn < 300; turn += 1) {
      await this.revive()
      // It may have died in the very moment between.
      if (!this.world.dead && so()) return
      await this.world.pass(1_000)
    }
    assert.fail(`not so: ${what} (${this.world.moves().join(', ')})`)
  }
}

/** v2 is released and promoted, v3 is released and found harmful. */
async function tell(diesAfter: number): Promise<Story> {
  const story = new Story()
  const { world } = story
  await world.start()
  world.diesAfter = diesAfter
  const knows = (id: string) => world.engine.rollouts(undefined, 10).some((rollout) => rollout.id === id)
  await story.say('apply', () => world.engine.apply({ text: fileOf({ strategy }), baseDirectory, name: 'f' }, asker))
  await story.until('v1 serves', () => world.weight('v1') === 10_000)
  await story.say('release v2', () => knows('shop-1') || world.engine.release('shop', { to: 'v2' }, asker))
  await story.until('v2 serves', () => world.status().stable === 'v2' && world.weight('v2') === 10_000)
  world.traffic.errorRatio['v3'] = 0.1
  await story.say('release v3', () => knows('shop-2') || world.engine.release('shop', { to: 'v3' }, asker))
  await story.until('v3 is back', () => world.rollout('shop-2').phase === 'rolled-back')
  await story.until('v2 has everything', () => world.weight('v2') === 10_000)
  return story
}

/** What has to be true of the world whenever and however often the control plane died. */
function assertSound({ world }: Story, again: string): void {
  assert.deepEqual(world.kept.verify().ok, true, again)
  assert.deepEqual(world.moves('shop-1'), ['watching 0', 'watching 1', 'promoting', 'promoted'], again)
  assert.deepEqual(world.moves('shop-2'), ['watching 0', 'rolling-back', 'rolled-back'], again)
  // No step without evidence: enough time with samples at the share before, and a verdict, are on record.
  const slots = world.kept.evidence('service/shop', 0, 1e15).map(({ value }) => value as SlotSeen)
  for (const [from, to, holdMs] of [
    [1_000, 5_000, 3_000],
    [5_000, 10_000, 2_000],
  ] as const) {
    const moved = world.tables.find((table) => weightOf(table, 'v2') === to)
    const gathered = slots
      .filter(
        (slot) => slot.rollout === 'shop-1#1' && slot.weights['v2'] === from && slot.revision < (moved?.revision ?? 0),
      )
      .reduce((sum, slot) => sum + slot.durationMs, 0)
    assert.ok(gathered >= holdMs, `${gathered} ms at ${from} before ${to} (${again})`)
  }
  for (const { data } of world.journal('rollout.moved')) {
    if (data['event'] === 'judged') assert.ok(data['judgement'] !== null && data['judgement'] !== undefined, again)
  }
  // Never a share nobody asked for, never a table that goes back in time.
  for (const [i, table] of world.tables.entries()) {
    assert.ok(table.revision > (world.tables[i - 1]?.revision ?? 0), again)
    for (const { version, weightBp, endpoints } of table.arms) {
      assert.ok([0, 1_000, 5_000, 9_000, 10_000].includes(weightBp), `${version} at ${weightBp} (${again})`)
      assert.ok(endpoints.length > 0, `${version} without endpoints (${again})`)
    }
    assert.ok(weightOf(table, 'v3') <= 1_000, again)
  }
  assert.deepEqual(
    world.defects.filter((defect) => !String(defect).includes('killed')),
    [],
    again,
  )
}

interface SlotSeen {
  readonly rollout: string
  readonly revision: number
  readonly durationMs: number
  readonly weights: Record<string, number>
}

function weightOf(table: { readonly arms: readonly { version: string; weightBp: number }[] }, version: string): number {
  return table.arms.find((arm) => arm.version === version)?.weightBp ?? 0
}

test('killed after any commit, the control plane goes on from there to the same end', async (t) => {
  const whole = await tell(Infinity)
  assertSound(whole, 'without a kill')
  const commits = whole.world.commits.length
  await whole.world[Symbol.asyncDispose]()
  assert.ok(commits > 20, String(commits))
  t.diagnostic(`${commits} commits`)
  for (let k = 1; k <= commits; k += 1) {
    const story = await tell(k)
    assertSound(story, `killed after commit ${k}`)
    await story.world[Symbol.asyncDispose]()
  }
})

test('killed again and again, it still comes to the same end', async () => {
  for (const every of [8, 11, 17]) {
    const story = new Story()
    const { world } = story
    const start = world.start.bind(world)
    world.start = async () => {
      world.diesAfter = every
      return await start()
    }
    await world.start()
    const knows = (id: string) => world.engine.rollouts(undefined, 10).some((rollout) => rollout.id === id)
    await story.say('apply', () => world.engine.apply({ text: fileOf({ strategy }), baseDirectory, name: 'f' }, asker))
    await story.say('release v2', () => knows('shop-1') || world.engine.release('shop', { to: 'v2' }, asker))
    for (let turn = 0; turn < 300 && world.moves().at(-1) !== 'promoted'; turn += 1) {
      await story.revive()
      await world.pass(1_000)
    }
    assert.deepEqual(world.moves(), ['watching 0', 'watching 1', 'promoting', 'promoted'], `every ${every} commits`)
    world.kill()
  }
})

async function atStep(more: Readonly<Record<string, string>> = {}): Promise<World> {
  const world = new World()
  await world.start()
  await world.engine.apply(
    {
      text: fileOf({ strategy: '{ kind: canary, steps: [{ weight: 10%, hold: 60s }] }', ...more }),
      baseDirectory,
      name: 'f',
    },
    asker,
  )
  await world.until('v1 serves', () => world.weight('v1') === 10_000)
  world.engine.release('shop', { to: 'v2' }, asker)
  await world.until('v2 has traffic', () => world.rollout().inForceBp === 1_000)
  return world
}

test('a rollout that was going back goes back to its end after a restart', async () => {
  await using world = await atStep()
  world.place().faults.refuse = new Error('not now')
  world.engine.command('shop', { type: 'abort', by: 'ann', why: 'no' })
  await world.pass(2_000)
  world.kill()
  await world.pass(10_000)
  assert.equal(world.weight('v2'), 1_000)
  world.place().faults.refuse = undefined
  await world.start()
  await world.until('it is back', () => world.rollout().phase === 'rolled-back')
  assert.deepEqual([world.weight('v2'), world.rollout().by, world.rollout().reason], [0, 'ann', 'aborted'])
  assert.ok((world.rollout().endedAt ?? 0) > (world.rollout().decidedAt ?? 0))
})

test('a promotion under way goes on after a restart', async () => {
  await using world = await atStep()
  world.place().faults.refuse = new Error('not now')
  world.engine.command('shop', { type: 'promote', by: 'ann', why: '', full: true, seenStep: 0 })
  world.kill()
  world.place().faults.refuse = undefined
  await world.start()
  await world.until('v2 serves', () => world.status().stable === 'v2')
})

test('a service that an older control plane kept goes on, and the same file changes nothing', async () => {
  await using world = await atStep()
  world.kill()
  const kept = world.kept.get(keys.service('shop')) as ServiceDocument
  const { router: _router, shield: _shield, ...older } = kept.spec
  world.kept.commit({
    at: world.clock.now(),
    documents: [{ key: keys.service('shop'), value: { ...kept, spec: older } }],
  })
  await world.start()
  const text = fileOf({ strategy: '{ kind: canary, steps: [{ weight: 10%, hold: 60s }] }' })
  const changes = await world.engine.apply({ text, baseDirectory, name: 'f' }, asker)
  assert.deepEqual(
    changes.map(({ change }) => change),
    ['unchanged'],
  )
  assert.equal(world.weight('v2'), 1_000)
})

test('while nobody is in control traffic stays as it is, and evidence of that time counts', async () => {
  await using world = await atStep()
  const { evidenceMs } = world.rollout()
  world.kill()
  await world.pass(30_000)
  assert.equal(world.weight('v2'), 1_000)
  await world.start()
  await world.pass(3_000)
  assert.ok(world.rollout().evidenceMs >= evidenceMs + 30_000, `${world.rollout().evidenceMs}`)
})

test('evidence that no longer is where it was read from is not counted twice, nor believed', async () => {
  await using world = await atStep()
  await world.pass(10_000)
  const { exposedRequests } = world.rollout()
  world.kill()
  await world.start()
  await world.clock.pass(2_000)
  assert.equal(world.rollout().exposedRequests, exposedRequests)
  world.newBoot()
  await world.pass(1_000)
  assert.equal(world.rollout().exposedRequests, exposedRequests + 200)
})

test('a version kept warm and the versions before are known after a restart', async () => {
  await using world = await atStep({ strategy })
  await world.until('v2 serves', () => world.status().stable === 'v2')
  world.kill()
  await world.start()
  await world.pass(2_000)
  assert.equal(world.status().versions.find(({ name }) => name === 'v1')?.role, 'warm')
  world.engine.undo('shop', undefined, asker)
  await world.pass(2_000)
  assert.equal(world.status().stable, 'v1')
})

test('of many rollouts the last 200 are kept; the journal keeps all', async () => {
  await using world = await atStep()
  for (let n = 1; n <= 205; n += 1) {
    world.engine.command('shop', { type: 'abort', by: 'tester', why: '' })
    await world.until('it is back', () => world.rollout().phase === 'rolled-back', 250)
    world.engine.release('shop', { to: 'v2' }, asker)
    await world.clock.pass(500)
  }
  const ids = world.engine.rollouts('shop', 1_000).map(({ id }) => id)
  assert.deepEqual([ids.length, ids[0], ids.at(-1)], [201, 'shop-206', 'shop-6'])
  assert.equal(world.kept.list('rollout/').length, 201)
  assert.equal(world.journal('rollout.started').length, 206)
  assert.throws(() => world.engine.rollout('shop-1'), { code: 'rollout.not-found' })
  world.kill()
  await world.start()
  assert.equal(world.engine.rollouts('shop', 1_000).length, 201)
})

test('a finished rollout keeps what it was judged by, and not what only further verdicts would need', async () => {
  await using world = await atStep({ strategy })
  await world.until('v2 serves', () => world.status().stable === 'v2')
  const kept = world.kept.get('rollout/shop-1') as { analysis: unknown; judgement: { verdict: string } }
  assert.deepEqual([kept.analysis, kept.judgement.verdict], [null, 'safe'])
  assert.ok(JSON.stringify(kept).length < 20_000)
})
