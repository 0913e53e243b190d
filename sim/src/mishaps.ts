import type { Mishap, StageCommand } from './scenario.ts'
import type { Chance } from './seeded.ts'
import type { Behaviour } from './traffic.ts'

/** Something that goes wrong at a time and is over after another. */
type Kind = (atMs: number, chance: Chance) => readonly Mishap[]

const hourMs = 3_600_000
const commands = ['pause', 'resume', 'resume', 'promote', 'abort', 'retry', 'release-v3', 'undo'] as const
const moreCommands = [
  ...commands,
  'promote-full',
  'jump-first',
  'jump-last',
  'approve-ann',
  'approve-bob',
  'queue-v3',
  'hotfix-v3',
] as const

const routerModes = ['down', 'hanging', 'lossy', 'deaf', 'lying', 'partial'] as const
const evidenceModes = ['silent', 'late', 'doubled', 'shuffled'] as const

/** The router answers no more for a while, in one of several ways. */
export const routerTrouble: Kind = (atMs, chance) => {
  const mode = routerModes[chance.below(routerModes.length)] ?? 'down'
  return [
    { atMs, what: `the router is ${mode}`, act: ({ dataPlane }) => dataPlane.break({ mode }) },
    {
      atMs: atMs + chance.between(500, 40_000),
      what: 'the router is well again',
      act: ({ dataPlane }) => dataPlane.break({ mode: 'well' }),
    },
  ]
}

/** Evidence is lost, comes late, twice or in another order. */
export const evidenceTrouble: Kind = (atMs, chance) => {
  const evidence = evidenceModes[chance.below(evidenceModes.length)] ?? 'silent'
  return [
    { atMs, what: `evidence is ${evidence}`, act: ({ dataPlane }) => dataPlane.break({ evidence }) },
    {
      atMs: atMs + chance.between(1_000, 40_000),
      what: 'evidence comes again',
      act: ({ dataPlane }) => dataPlane.break({ evidence: 'well' }),
    },
  ]
}

/** The disk is full for a while. */
export const fullDisk: Kind = (atMs, chance) => [
  {
    atMs,
    what: 'the disk is full',
    act: ({ controlPlane }) => {
      controlPlane.full = true
    },
  },
  {
    atMs: atMs + chance.between(500, 30_000),
    what: 'there is room on the disk again',
    act: ({ controlPlane }) => {
      controlPlane.full = false
    },
  },
]

/** The control plane dies just before or just after one of its next effects. */
export const death: Kind = (atMs, chance) => {
  const [effects, happens] = [1 + chance.below(6), chance.happens(0.5)]
  return [
    {
      atMs,
      what: `the control plane dies ${happens ? 'after' : 'before'} effect ${effects}`,
      act: ({ controlPlane }) => controlPlane.killAfter(effects, happens),
    },
  ]
}

/** The control plane stands still for a while. Another is started in its place, over the same store; when the first goes on there are two. */
export const standstill: Kind = (atMs, chance) => {
  const ms = chance.between(1_000, 40_000)
  return [{ atMs, what: 'the control plane stands still', act: ({ controlPlane }) => controlPlane.freeze(ms) }]
}

/** The same with a table in its hand, which it sends when it goes on; often the wall clock was set back meanwhile, and somebody wants to go back. */
export const lateTable: Kind = (atMs, chance) => {
  const ms = chance.between(10_000, 40_000)
  const stands: Mishap = {
    atMs,
    what: 'the control plane stands still with its next table in its hand',
    act: ({ controlPlane }) => controlPlane.freeze(ms, 'next-table'),
  }
  const setBack: Mishap = {
    atMs: atMs + chance.between(0, 10_000),
    what: 'the wall clock is set back by an hour',
    act: ({ clock, dataPlane }) => {
      dataPlane.advance()
      clock.jump(-hourMs)
    },
  }
  const abort = says(atMs + chance.between(5_000, 40_000), 'abort')
  return [stands, ...(chance.happens(0.7) ? [setBack] : []), ...(chance.happens(0.5) ? [abort] : [])]
}

/** Somebody sets the wall clock. */
export const clockJump: Kind = (atMs, chance) => {
  const ms = Math.round(chance.between(-2, 2) * hourMs)
  return [
    {
      atMs,
      what: `the wall clock jumps by ${ms} ms`,
      act: ({ clock, dataPlane }) => {
        dataPlane.advance()
        clock.jump(ms)
      },
    },
  ]
}

/** All replicas of canary exit at once. */
export const canaryCrash: Kind = (atMs) => [{ atMs, what: 'canary crashes', act: ({ fleet }) => fleet.crash('v2') }]

/** All replicas of stable exit at once. */
export const stableCrash: Kind = (atMs) => [{ atMs, what: 'stable crashes', act: ({ fleet }) => fleet.crash('v1') }]

/** The gateway is killed and starts again. */
export const gatewayRestart: Kind = (atMs) => [
  { atMs, what: 'the gateway starts anew', act: ({ dataPlane }) => dataPlane.restart() },
]

/** Somebody with a token and an opinion. */
export const operator: Kind = (atMs, chance) => {
  const type = commands[chance.below(commands.length)] ?? 'pause'
  return [{ atMs, what: `somebody says ${type}`, act: ({ command }) => command(type) }]
}

/** The same with everything that can be said. */
export const anybody: Kind = (atMs, chance) => {
  const type = moreCommands[chance.below(moreCommands.length)] ?? 'pause'
  return [says(atMs, type)]
}

/** Somebody says something at a time. */
export function says(atMs: number, type: StageCommand): Mishap {
  return { atMs, what: `somebody says ${type}`, act: ({ command }) => command(type) }
}

/** One replica of either version exits. */
export const replicaCrash: Kind = (atMs, chance) => {
  const version = chance.happens(0.5) ? 'v1' : 'v2'
  return [{ atMs, what: `a replica of ${version} crashes`, act: ({ fleet }) => fleet.crash(version, 1) }]
}

/** Replicas of canary are not ready for a while, those that run and those that start. */
export const unready: Kind = (atMs, chance) => [
  { atMs, what: 'canary is not ready', act: ({ fleet }) => fleet.raise('v2', { readyAfterMs: 'never' }) },
  {
    atMs: atMs + chance.between(1_000, 30_000),
    what: 'canary may become ready again',
    act: ({ fleet }) => fleet.raise('v2', {}),
  },
]

/** From a time on the canary answers like this. */
export function becomes(atMs: number, behaviour: Behaviour): readonly Mishap[] {
  return [{ atMs, what: 'canary changes', act: ({ dataPlane }) => dataPlane.behave('v2', behaviour) }]
}

/** A few mishaps of the given kinds, at random times up to `withinMs`. */
export function some(
  kinds: readonly Kind[],
  { atLeast, atMost, withinMs }: { readonly atLeast: number; readonly atMost: number; readonly withinMs: number },
  chance: Chance,
): readonly Mishap[] {
  const count = atLeast + chance.below(atMost - atLeast + 1)
  return Array.from({ length: count }, () => {
    const kind = kinds[chance.below(kinds.length)]
    return kind === undefined ? [] : kind(chance.between(0, withinMs), chance)
  }).flat()
}
