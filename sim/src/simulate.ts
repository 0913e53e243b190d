import { gateAsked, isOver } from '@serin/core'
import type { RolloutDocument } from '@serin/engine'
import type { Mishap, Outcome, Scenario } from './scenario.ts'
import { seeded } from './seeded.ts'
import { builder, passed, releaseFile, service, setStage, until, type SetStage } from './stage.ts'
import { Watch } from './watch.ts'

/** Traffic on stable before the release, so that its latency is known. */
const beforeMs = 10_000
/** Time after the end in which everything has to come to rest: longer when something went wrong on the way. */
const restMs = 3_000
const restAfterMishapsMs = 15_000

/** Who wants to see more than the outcome. */
export interface Audience {
  /** Hears what happens and when, in ms of the world: mishaps, and journal entries as they become durable. */
  readonly told: (atMs: number, what: string) => void
}

/** Runs one rollout of a scenario in a world of its own; the same seed gives the same journal bit for bit. */
export async function simulate(scenario: Scenario, seed: number, audience?: Audience): Promise<Outcome> {
  const stage = setStage(scenario, seed)
  const { clock, dataPlane, controlPlane } = stage
  const watch = new Watch(stage)
  controlPlane.onCommit.add((_, entries) => {
    for (const { kind, actor, data } of entries)
      audience?.told(clock.steadyMs(), `${kind} by ${actor}: ${JSON.stringify(data)}`)
  })
  const world = new AbortController()
  const traffic = dataPlane.run(world.signal)
  await passed(clock, controlPlane.start())
  await passed(clock, controlPlane.running().apply({ text: releaseFile(scenario), ...here }, builder))
  await until(clock, () => clock.steadyMs() >= beforeMs)
  controlPlane.running().release(service, { to: 'v2' }, builder)

  await until(clock, unfolding(scenario, seed, { stage, watch, audience }))
  watch.finish(stage.acknowledged)
  const outcome = outcomeOf(scenario, seed, { stage, watch })
  world.abort()
  await passed(clock, Promise.all([traffic, controlPlane.stop()]))
  return outcome
}

/** The command that runs exactly this rollout again, with everything that happens in it. */
export function replayCommand({ scenario, seed }: Pick<Outcome, 'scenario' | 'seed'>): string {
  return `npm run -s sim -- --world ${scenario} --from ${seed} --seeds 1 --journal`
}

const here = { baseDirectory: '/', name: 'serin.yaml' }

interface Play {
  readonly stage: SetStage
  readonly watch: Watch
  readonly audience?: Audience | undefined
}

/** What to do after each step of the clock: mishaps, and starting a dead control plane anew. True once all has come to rest, or time is up. */
function unfolding(scenario: Scenario, seed: number, { stage, watch, audience }: Play): () => boolean {
  const { clock, controlPlane } = stage
  const mishaps = [...scenario.mishaps(seeded(seed, 'mishaps'))].sort((a, b) => a.atMs - b.atMs)
  const restarts = seeded(seed, 'restarts')
  const rest = mishaps.length > 0 ? restAfterMishapsMs : restMs
  let startAt: number | null = null
  let restingSince: number | null = null
  const revive = (now: number): void => {
    startAt ??= now + restarts.between(100, 20_000)
    if (now < startAt) return
    startAt = null
    void controlPlane.start()
  }
  return () => {
    const now = clock.steadyMs()
    watch.look()
    for (const mishap of due(mishaps, now - beforeMs)) {
      audience?.told(now, `mishap: ${mishap.what}`)
      mishap.act(stage)
    }
    if (controlPlane.engine === null) revive(now)
    else startAt = null
    // Whoever stands still may do harm when he goes on.
    const still = mishaps.length === 0 && controlPlane.standing === 0
    const over = now >= beforeMs + scenario.limitMs || (isAtRest(watch) && still)
    restingSince = over && controlPlane.engine !== null ? (restingSince ?? now) : null
    return restingSince !== null && now >= restingSince + rest
  }
}

/** Takes out what is to happen by now. */
function due(mishaps: Mishap[], atMs: number): readonly Mishap[] {
  const later = mishaps.findIndex((mishap) => mishap.atMs > atMs)
  return mishaps.splice(0, later < 0 ? mishaps.length : later)
}

/** Whether nothing more will happen by itself: it is over and nothing waits behind it, or a person is asked. */
function isAtRest({ rollout, hasQueue }: Watch): boolean {
  if (rollout === null) return false
  return isOver(rollout.state) ? !hasQueue : rollout.state.phase === 'holding' || waitsForPeople(rollout)
}

function waitsForPeople({ state, plan }: RolloutDocument): boolean {
  const ready = !('waitingBp' in state) || state.waitingBp === undefined
  return ready && gateAsked(state, plan)?.gate.kind === 'approval'
}

const ends = { promoted: 'promoted', 'rolled-back': 'rolled-back', holding: 'held' } as const

function outcomeOf({ name }: Scenario, seed: number, { stage, watch }: Play): Outcome {
  const { clock, controlPlane } = stage
  const { rollout, firstTrafficMs, decidedMs } = watch
  const state = rollout?.state
  const [last] = controlPlane.store.journal({ newestFirst: true, limit: 1 })
  const phase = state?.phase ?? 'preparing'
  return {
    scenario: name,
    seed,
    end: phase in ends ? ends[phase as keyof typeof ends] : rollout && waitsForPeople(rollout) ? 'waiting' : 'stuck',
    reason: state !== undefined && 'reason' in state ? state.reason : null,
    sentence: controlPlane.engine?.service(service).rollout?.sentence ?? '',
    version: rollout?.plan.canary ?? '',
    decidedAfterMs: firstTrafficMs === null || decidedMs === null ? null : decidedMs - firstTrafficMs,
    exposedRequests: rollout?.exposedRequests ?? 0,
    exposedUnits: rollout?.exposedUnits ?? 0,
    turnedAway: watch.turnedAway,
    highestBp: watch.highestBp,
    switchMs: watch.slowestSwitchMs,
    violations: watch.violations.map(({ atMs, what }) => `at ${atMs / 1_000} s: ${what}`),
    journalEntries: last?.seq ?? 0,
    journalHash: last?.hash ?? '',
    lives: controlPlane.lives,
    fenced: controlPlane.fenced,
    worldMs: clock.steadyMs(),
  }
}
