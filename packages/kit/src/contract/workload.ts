import { catalogue, type VersionSpec } from '@serin/spec'
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ReplicaObservation, WorkloadObservation, WorkloadRunner } from '../ports.ts'

/** A workload to test. */
export interface WorkloadUnderTest {
  readonly runner: WorkloadRunner
  /** A version by this name that gets ready, with two replicas. */
  good(version: string): VersionSpec
  /** One that cannot start. */
  readonly broken: VersionSpec
  /** One that starts and does not get ready in time. */
  readonly late: VersionSpec
  /** Lets a little time pass. */
  pass(): Promise<void>
  /** Ends a replica as a crash would. */
  crash(replica: ReplicaObservation): Promise<void>
  /** Which version answers at a base address, or null when nobody does. */
  versionAt(endpoint: string): Promise<string | null>
  /** The runner that a next control plane would open after the one under test was detached. */
  reopen(): WorkloadRunner
  /** What is left of the workload, such as processes, listeners and records; empty when nothing is. */
  leftovers(): Promise<readonly string[]>
  close(): Promise<void>
}

/** Tests a driver cannot pass, and why. */
export interface WorkloadSkip {
  readonly reason: string
  readonly tests: readonly WorkloadTest[]
}

/** The names of the promises; a skip names some of them. */
export type WorkloadTest =
  | 'a version nobody asked for is absent'
  | 'ensure returns at once and every replica gets ready'
  | 'each replica has an address of its own where its version answers'
  | 'ensure again changes nothing'
  | 'two versions run side by side'
  | 'a replica that crashes is seen, started again and counted'
  | 'a version that cannot start fails with one sentence'
  | 'a version that is not ready in time fails as not ready'
  | 'a failed version is tried again after a stop'
  | 'stop leaves nothing behind'
  | 'stopping one version leaves the other alone'
  | 'a version that is wanted while it stops comes again'
  | 'patience that has ended stops at once'
  | 'detached replicas go on and the next runner adopts them'
  | 'the next runner stops what it adopted'
  | 'more replicas start beside those that run'
  | 'the surplus leaves, and answers until it is dismissed'
  | 'who was dismissed does not answer any more'
  | 'who leaves is wanted again when the number grows'
  | 'the next runner goes on with who leaves'
  | 'a version of which none are wanted is ready'

type Check = (given: WorkloadUnderTest) => Promise<void>

const never = (): AbortSignal => new AbortController().signal
const patienceMs = 60_000

/** Lets time pass until the version is as expected; says what it was last when it never is. */
async function until(
  given: WorkloadUnderTest,
  runner: WorkloadRunner,
  version: string,
  expected: (seen: WorkloadObservation) => boolean,
): Promise<WorkloadObservation> {
  const deadline = performance.now() + patienceMs
  for (;;) {
    const seen = runner.observe(version)
    if (expected(seen)) return seen
    assert.ok(performance.now() < deadline, `${version} stayed as it was: ${JSON.stringify(seen)}`)
    await given.pass()
  }
}

const is =
  (state: WorkloadObservation['state']) =>
  (seen: WorkloadObservation): boolean =>
    seen.state === state

async function run(
  given: WorkloadUnderTest,
  version: string,
  runner: WorkloadRunner = given.runner,
): Promise<WorkloadObservation> {
  runner.ensure(version, given.good(version))
  return await until(given, runner, version, is('ready'))
}

/** Asks for a number of replicas of `v1`, which was asked for before. */
function scale(given: WorkloadUnderTest, replicas: number): WorkloadObservation {
  given.runner.ensure('v1', { ...given.good('v1'), replicas })
  return given.runner.observe('v1')
}

function leaversOf({ replicas }: WorkloadObservation): readonly ReplicaObservation[] {
  return replicas.filter((replica) => replica.state === 'leaving')
}

/** Waits until there are this many, those that leave among them. */
async function untilThereAre(given: WorkloadUnderTest, count: number): Promise<WorkloadObservation> {
  return await until(given, given.runner, 'v1', ({ replicas, state }) => replicas.length === count && state === 'ready')
}

/** What must stay the same when nothing happens to a replica. */
function identities({ replicas }: WorkloadObservation): readonly unknown[] {
  return replicas.map(({ id, endpoint, restarts, readySince }) => ({ id, endpoint, restarts, readySince }))
}

function assertFailed(seen: WorkloadObservation): void {
  const { failure } = seen
  assert.ok(failure !== null)
  assert.ok(Object.hasOwn(catalogue, failure.code), `${failure.code} is not in the catalogue`)
  assert.match(failure.message, /^\S[^\n]{10,}$/, 'one sentence on one line')
}

const promises: Readonly<Record<WorkloadTest, Check>> = {
  'a version nobody asked for is absent': async ({ runner }) => {
    assert.deepEqual(runner.observe('v1'), { version: 'v1', replicas: [], state: 'absent', failure: null })
    assert.deepEqual(runner.versions(), [])
  },
  'ensure returns at once and every replica gets ready': async (given) => {
    const seen = await run(given, 'v1')
    assert.deepEqual(given.runner.versions(), ['v1'])
    assert.equal(seen.replicas.length, 2)
    for (const { state, endpoint, readySince, restarts, message } of seen.replicas) {
      assert.deepEqual([state, restarts, message], ['ready', 0, null])
      assert.ok(endpoint !== null && readySince !== null)
    }
    assert.equal(new Set(seen.replicas.map((replica) => replica.id)).size, 2)
  },
  'each replica has an address of its own where its version answers': async (given) => {
    const addresses = [...(await run(given, 'v1')).replicas, ...(await run(given, 'v2')).replicas].map(
      (replica) => replica.endpoint ?? '',
    )
    assert.equal(new Set(addresses).size, 4)
    const answers = await Promise.all(addresses.map((address) => given.versionAt(address)))
    assert.deepEqual(answers, ['v1', 'v1', 'v2', 'v2'])
  },
  'ensure again changes nothing': async (given) => {
    const before = identities(await run(given, 'v1'))
    for (let i = 0; i < 20; i += 1) {
      given.runner.ensure('v1', given.good('v1'))
      await given.pass()
    }
    assert.deepEqual(identities(given.runner.observe('v1')), before)
  },
  'two versions run side by side': async (given) => {
    await run(given, 'v1')
    await run(given, 'v2')
    assert.equal(given.runner.observe('v1').state, 'ready')
    assert.deepEqual([...given.runner.versions()].sort(), ['v1', 'v2'])
  },
  'a replica that crashes is seen, started again and counted': async (given) => {
    const [victim] = (await run(given, 'v1')).replicas
    assert.ok(victim !== undefined)
    await given.crash(victim)
    const seen = await until(given, given.runner, 'v1', is('degraded'))
    assert.equal(seen.replicas.filter((replica) => replica.state === 'ready').length, 1)
    const back = await until(given, given.runner, 'v1', is('ready'))
    assert.deepEqual(
      back.replicas.map(({ id, restarts }) => [id, restarts]),
      seen.replicas.map(({ id }) => [id, id === victim.id ? 1 : 0]),
    )
  },
  'a version that cannot start fails with one sentence': async (given) => {
    given.runner.ensure('v2', given.broken)
    assertFailed(await until(given, given.runner, 'v2', is('failed')))
    given.runner.ensure('v2', given.broken)
    assert.equal(given.runner.observe('v2').state, 'failed')
  },
  'a version that is not ready in time fails as not ready': async (given) => {
    given.runner.ensure('v2', given.late)
    const seen = await until(given, given.runner, 'v2', is('failed'))
    assertFailed(seen)
    assert.equal(seen.failure?.code, 'workload.not-ready')
  },
  'a failed version is tried again after a stop': async (given) => {
    given.runner.ensure('v2', given.late)
    await until(given, given.runner, 'v2', is('failed'))
    const stopped = given.runner.stop('v2', never())
    assert.notEqual(given.runner.observe('v2').state, 'failed', 'a stop forgets the failure at once')
    await stopped
    await run(given, 'v2')
  },
  'stop leaves nothing behind': async (given) => {
    const { replicas } = await run(given, 'v1')
    await given.runner.stop('v1', never())
    assert.deepEqual(given.runner.observe('v1').state, 'absent')
    assert.deepEqual(given.runner.versions(), [])
    for (const { endpoint } of replicas) assert.equal(await given.versionAt(endpoint ?? ''), null)
    assert.deepEqual(await given.leftovers(), [])
    await given.runner.stop('v1', never())
  },
  'stopping one version leaves the other alone': async (given) => {
    const before = identities(await run(given, 'v1'))
    await run(given, 'v2')
    await given.runner.stop('v2', never())
    assert.deepEqual(given.runner.versions(), ['v1'])
    assert.deepEqual(identities(given.runner.observe('v1')), before)
  },
  'a version that is wanted while it stops comes again': async (given) => {
    await run(given, 'v1')
    const stopped = given.runner.stop('v1', never())
    given.runner.ensure('v1', given.good('v1'))
    assert.equal(given.runner.observe('v1').state, 'starting')
    for (const { state } of given.runner.observe('v1').replicas) assert.equal(state, 'stopping')
    await stopped
    await until(given, given.runner, 'v1', is('ready'))
  },
  'patience that has ended stops at once': async (given) => {
    await run(given, 'v1')
    await given.runner.stop('v1', AbortSignal.abort())
    assert.equal(given.runner.observe('v1').state, 'absent')
    assert.deepEqual(await given.leftovers(), [])
  },
  'detached replicas go on and the next runner adopts them': async (given) => {
    const before = await run(given, 'v1')
    given.runner.detach()
    for (const { endpoint } of before.replicas) assert.equal(await given.versionAt(endpoint ?? ''), 'v1')
    const next = given.reopen()
    assert.deepEqual(next.versions(), ['v1'])
    next.ensure('v1', given.good('v1'))
    // At once, without a moment in which the router would be told that nobody is there.
    assert.equal(next.observe('v1').state, 'ready')
    for (let i = 0; i < 5; i += 1) await given.pass()
    assert.deepEqual(identities(next.observe('v1')), identities(before))
    await next.stop('v1', never())
    assert.deepEqual(await given.leftovers(), [])
  },
  'the next runner stops what it adopted': async (given) => {
    await run(given, 'v1')
    given.runner.detach()
    const next = given.reopen()
    await next.stop('v1', never())
    assert.deepEqual(next.versions(), [])
    assert.deepEqual(await given.leftovers(), [])
  },
  'more replicas start beside those that run': async (given) => {
    scale(given, 1)
    const before = identities(await untilThereAre(given, 1))
    assert.equal(scale(given, 2).state, 'degraded', 'it was up before, and less than is wanted now')
    const after = await untilThereAre(given, 2)
    assert.deepEqual(identities(after).slice(0, 1), before)
    assert.deepEqual(leaversOf(after), [])
  },
  'the surplus leaves, and answers until it is dismissed': async (given) => {
    const before = await run(given, 'v1')
    const [staying, leaving, ...more] = scale(given, 1).replicas.toSorted(
      (a, b) => Number(a.state === 'leaving') - Number(b.state === 'leaving'),
    )
    assert.ok(staying?.state === 'ready' && leaving?.state === 'leaving' && more.length === 0)
    given.runner.dismiss('v1', staying.id)
    given.runner.dismiss('v1', 'v1/unknown')
    given.runner.dismiss('v2', leaving.id)
    for (let i = 0; i < 10; i += 1) {
      await given.pass()
      const seen = scale(given, 1)
      assert.deepEqual([seen.state, leaversOf(seen).map(({ id }) => id)], ['ready', [leaving.id]])
    }
    assert.equal(await given.versionAt(leaving.endpoint ?? ''), 'v1')
    given.runner.dismiss('v1', leaving.id)
    given.runner.dismiss('v1', leaving.id)
    assert.deepEqual(leaversOf(given.runner.observe('v1')), [])
    const [left] = identities(await untilThereAre(given, 1))
    assert.deepEqual(left, identities(before)[before.replicas.findIndex(({ id }) => id === staying.id)])
  },
  'who was dismissed does not answer any more': async (given) => {
    await run(given, 'v1')
    const [leaving] = leaversOf(scale(given, 1))
    assert.ok(leaving !== undefined)
    given.runner.dismiss('v1', leaving.id)
    await untilThereAre(given, 1)
    assert.equal(await given.versionAt(leaving.endpoint ?? ''), null)
  },
  'who leaves is wanted again when the number grows': async (given) => {
    const before = identities(await run(given, 'v1'))
    const [leaving] = leaversOf(scale(given, 1))
    await given.pass()
    const seen = scale(given, 2)
    assert.equal(seen.state, 'ready')
    assert.deepEqual(identities(seen), before)
    given.runner.dismiss('v1', leaving?.id ?? '')
    for (let i = 0; i < 5; i += 1) await given.pass()
    assert.deepEqual(identities(given.runner.observe('v1')), before)
  },
  'the next runner goes on with who leaves': async (given) => {
    await run(given, 'v1')
    scale(given, 1)
    given.runner.detach()
    const next = { ...given, runner: given.reopen() }
    scale(next, 1)
    const seen = await until(next, next.runner, 'v1', is('ready'))
    assert.equal(seen.replicas.length - leaversOf(seen).length, 1)
    for (const { id } of leaversOf(seen)) next.runner.dismiss('v1', id)
    await untilThereAre(next, 1)
    await next.runner.stop('v1', never())
    assert.deepEqual(await given.leftovers(), [])
  },
  'a version of which none are wanted is ready': async (given) => {
    await run(given, 'v1')
    const seen = scale(given, 0)
    assert.deepEqual([seen.state, leaversOf(seen).length], ['ready', 2])
    for (const { id } of leaversOf(seen)) given.runner.dismiss('v1', id)
    await untilThereAre(given, 0)
    assert.deepEqual(given.runner.versions(), ['v1'])
    scale(given, 1)
    await untilThereAre(given, 1)
  },
}

/** Registers the promises of `WorkloadRunner` as tests. A driver that cannot keep one skips it and says why. */
export function workloadContract(
  name: string,
  open: () => Promise<WorkloadUnderTest>,
  skips: readonly WorkloadSkip[] = [],
): void {
  void describe(`${name} keeps the workload contract`, () => {
    for (const [promise, check] of Object.entries(promises)) {
      const reason = skips.find((skip) => skip.tests.some((test) => test === promise))?.reason
      void it(promise, { skip: reason ?? false }, async () => {
        const given = await open()
        try {
          await check(given)
        } finally {
          await given.close()
        }
      })
    }
  })
}
