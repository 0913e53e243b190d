import { ControlPlane } from './control-plane.ts'
import { DataPlane } from './data-plane.ts'
import { Fleet } from './fleet.ts'
import type { Mishap, Outcome, Scenario, Stage } from './scenario.ts'
import { seeded } from './seeded.ts'
import { createVirtualClock, type VirtualClock } from './virtual-clock.ts'
import { Watch } from './watch.ts'

const beginMs = Date.UTC(2026, 0, 1)
/** Traffic on stable before the release, so that its latency is known. */
const beforeMs = 10_000
/** Time after the end in which everything has to come to rest: longer when something went wrong on the way. */
const afterMs = 3_000
const afterMishapsMs = 15_000
const service = 'shop'

/** Who wants to see more than the outcome. */
export interface Audience {
  /** Hears what happens and when, in ms of the world: mishaps, and journal entries as they become durable. */
  readonly told: (atMs: number, what: string) => void
}

/** Runs one rollout of a scenario in a world of its own; the same seed gives the same journal bit for bit. */
export async function simulate(scenario: Scenario, seed: number, audience?: Audience): Promise<Outcome> {
  const clock = createVirtualClock(beginMs)
  const fleet = new Fleet(clock, scenario.upbringing)
  const dataPlane: DataPlane = new DataPlane({
    seed,
    clock,
    fleet,
    surroundings: scenario.surroundings,
    behaviours: { v1: scenario.stable, v2: scenario.canary },
    label: (observations) => void attempt(() => controlPlane.engine?.observe(observations)),
  })
  const controlPlane = new ControlPlane({ clock, dataPlane, fleet })
  const watch = new Watch({ clock, dataPlane, controlPlane })
  controlPlane.onCommit.add((_, entries) => {
    for (const { kind, actor, data } of entries)
      audience?.told(clock.steadyMs(), `${kind} by ${actor}: ${JSON.stringify(data)}`)
  })
  let highestBp = 0
  dataPlane.onTable.add(({ arms }) => {
    highestBp = Math.max(highestBp, ...arms.filter(({ version }) => version === 'v2').map(({ weightBp }) => weightBp))
  })
  const acknowledged: string[] = []
  const command: Stage['command'] = (type) => {
    const why = `${type} number ${acknowledged.length + 1} at ${clock.steadyMs()}`
    const more = type === 'promote' ? { full: false, seenStep: null } : {}
    const done = attempt(() => controlPlane.engine?.command(service, { type, by: 'operator', why, ...more } as never))
    if (done !== undefined) acknowledged.push(why)
  }
  const world = new AbortController()
  const traffic = dataPlane.run(world.signal)

  await passed(clock, controlPlane.start())
  const text = JSON.stringify({ serin: 'v1', services: { [service]: fileOf(scenario) } })
  await passed(clock, controlPlane.engine?.apply({ text, baseDirectory: '/', name: 'serin.yaml' }, operator))
  await until(clock, () => clock.steadyMs() >= beforeMs)
  controlPlane.engine?.release(service, 'v2', false, operator)

  const stage: Stage = { clock, dataPlane, controlPlane, fleet, command }
  const mishaps = [...scenario.mishaps(seeded(seed, 'mishaps'))].sort((a, b) => a.atMs - b.atMs)
  const restarts = seeded(seed, 'restarts')
  const endAfterMs = mishaps.length > 0 ? afterMishapsMs : afterMs
  let startAt: number | null = null
  const live = (): void => {
    for (const mishap of due(mishaps, clock.steadyMs() - beforeMs)) {
      audience?.told(clock.steadyMs(), `mishap: ${mishap.what}`)
      mishap.act(stage)
    }
    if (controlPlane.engine !== null) return
    startAt ??= clock.steadyMs() + restarts.between(100, 20_000)
    if (clock.steadyMs() < startAt) return
    startAt = null
    void controlPlane.start()
  }
  const untilMs = beforeMs + scenario.limitMs
  const over = (): boolean => clock.steadyMs() >= untilMs || (atRest(watch) && mishaps.length === 0)
  let restMs: number | null = null
  await until(clock, () => {
    live()
    restMs = over() && controlPlane.engine !== null ? (restMs ?? clock.steadyMs()) : null
    return restMs !== null && clock.steadyMs() >= restMs + endAfterMs
  })
  const { rollout } = watch
  watch.finish(acknowledged)
  const status = controlPlane.engine?.service(service)
  world.abort()
  await passed(clock, Promise.all([traffic, controlPlane.stop()]))

  const state = rollout?.state
  const last = controlPlane.store.journal({ newestFirst: true, limit: 1 })[0]
  return {
    scenario: scenario.name,
    seed,
    end:
      state?.phase === 'promoted' || state?.phase === 'rolled-back'
        ? state.phase
        : state?.phase === 'holding'
          ? 'held'
          : 'stuck',
    reason: state !== undefined && 'reason' in state ? state.reason : null,
    sentence: status?.rollout?.sentence ?? '',
    decidedAfterMs:
      rollout?.decidedAt == null || rollout.firstTrafficAt === null ? null : rollout.decidedAt - rollout.firstTrafficAt,
    exposedRequests: rollout?.exposedRequests ?? 0,
    exposedUnits: rollout?.exposedUnits ?? 0,
    highestBp,
    switchMs: watch.slowestSwitchMs,
    violations: watch.violations.map(({ atMs, what }) => `at ${atMs / 1_000} s: ${what}`),
    journalEntries: last?.seq ?? 0,
    journalHash: last?.hash ?? '',
    lives: controlPlane.lives,
    worldMs: clock.steadyMs(),
  }
}

/** The command that runs exactly this rollout again. */
export function replayCommand({ scenario, seed }: Pick<Outcome, 'scenario' | 'seed'>): string {
  return `npm run -s sim -- --world ${scenario} --from ${seed} --seeds 1`
}

const operator = { by: 'operator', why: 'simulated' }

function fileOf({ surroundings, file }: Scenario): Record<string, unknown> {
  return {
    listen: 0,
    unit: surroundings.population === null ? [] : [{ header: 'x-user' }],
    workload: { kind: 'process', command: ['serve'], replicas: 2 },
    versions: { v1: {}, v2: {} },
    stable: 'v1',
    ...file,
  }
}

/** Whether nothing more will happen by itself. */
function atRest({ rollout }: Watch): boolean {
  const phase = rollout?.state.phase
  return phase === 'promoted' || phase === 'rolled-back' || phase === 'holding'
}

/** Takes out what is to happen by now. */
function due(mishaps: Mishap[], atMs: number): readonly Mishap[] {
  const later = mishaps.findIndex((mishap) => mishap.atMs > atMs)
  return mishaps.splice(0, later < 0 ? mishaps.length : later)
}

/** The result, or undefined when it was refused or nobody was there. */
function attempt<Result>(act: () => Result): Result | undefined {
  try {
    return act()
  } catch {
    return undefined
  }
}

async function until(clock: VirtualClock, done: () => boolean): Promise<void> {
  while (!done()) if (!(await clock.step())) throw new Error('Nobody in this world waits for anything any more.')
}

/** Moves the clock until the promise is settled. */
async function passed<Result>(clock: VirtualClock, promise: Promise<Result> | undefined): Promise<Result | undefined> {
  let settled = false
  const watched = promise?.finally(() => (settled = true))
  watched?.catch(() => undefined)
  await Promise.race([watched, until(clock, () => settled || promise === undefined)])
  return watched
}
