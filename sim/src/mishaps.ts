import type { Mishap } from './scenario.ts'
import type { Chance } from './seeded.ts'
import type { Behaviour } from './traffic.ts'

/** Something that goes wrong at a time and is over after another. */
type Kind = (atMs: number, chance: Chance) => readonly Mishap[]

const hourMs = 3_600_000
const commands = ['pause', 'resume', 'resume', 'promote', 'abort', 'retry', 'release-v3', 'undo'] as const

/** The router answers no more for a while, in one of four ways. */
export const routerTrouble: Kind = (atMs, chance) => {
  const mode = (['down', 'hanging', 'lossy', 'deaf'] as const)[chance.below(4)] ?? 'down'
  return [
    { atMs, what: `the router is ${mode}`, act: ({ dataPlane }) => dataPlane.break({ mode }) },
    {
      atMs: atMs + chance.between(500, 40_000),
      what: 'the router is well again',
      act: ({ dataPlane }) => dataPlane.break({ mode: 'well' }),
    },
  ]
}

/** Evidence is lost, or comes late. */
export const evidenceTrouble: Kind = (atMs, chance) => {
  const evidence = chance.happens(0.5) ? 'silent' : 'late'
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
