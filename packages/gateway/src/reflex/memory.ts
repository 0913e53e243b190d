import type { Reflex } from '@serin/core'

/** What a gateway remembers of the attempt it watches, also across its restarts. */
export interface Memory {
  readonly rollout: string
  /** How many gateway processes have watched this attempt; each begins without evidence. */
  readonly boots: number
  /** Set once it has pulled back, for the rest of the attempt. */
  readonly pulled: Reflex | null
}

/** A memory out of a file, or null when it is none. */
export function parseMemory(value: unknown): Memory | null {
  if (typeof value !== 'object' || value === null) return null
  const { rollout, boots, pulled }: Partial<Record<keyof Memory, unknown>> = value
  if (typeof rollout !== 'string' || typeof boots !== 'number' || !(boots >= 1)) return null
  if (pulled === null) return { rollout, boots, pulled }
  return isReflex(pulled) && pulled.rollout === rollout ? { rollout, boots, pulled } : null
}

function isReflex(value: unknown): value is Reflex {
  if (typeof value !== 'object' || value === null) return false
  const { rollout, at, logE, threshold }: Partial<Record<keyof Reflex, unknown>> = value
  return typeof rollout === 'string' && [at, logE, threshold].every((number) => typeof number === 'number')
}

/** What a process may spend of the chance of a false alarm: a restart forgets the evidence, and must not double the chance. The parts add up to one. */
export function partOfBoot(boot: number): number {
  return boot === 1 ? 0.9 : 0.1 / ((boot - 1) * boot)
}
