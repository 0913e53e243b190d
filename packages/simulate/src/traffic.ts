import type { Uniform } from '@serin/stats/seeded'
import { ArmTally } from './arm-tally.ts'
import { drawBinomial } from './draw.ts'
import { chancesAbove, type Levels } from './levels.ts'
import type { Behaviour } from './world.ts'

/** What a slot asks of the traffic. */
export interface SlotAsk {
  readonly requests: number
  readonly weightBp: number
  readonly stable: Behaviour
  readonly canary: Behaviour
  /** Whether latency counts yet: not while copies warm up. */
  readonly scored: boolean
}

/** What both versions did in a slot. */
export interface SlotTallies {
  readonly stable: ArmTally
  readonly canary: ArmTally
}

/** Draws what happens in a slot. */
export interface Traffic {
  readonly sticky: boolean
  slot(ask: SlotAsk): SlotTallies
  /** Counting of users begins anew: canary has its first traffic. */
  begin(): void
  /** Recent events are counted anew. */
  beginEpoch(): void
}

/** Requests that belong to nobody: counts are all there is, so a slot of a day costs as much as one of a second. */
export function looseTraffic(uniform: Uniform, levels: Levels, cuts: number): Traffic {
  const arm = (requests: number, behaviour: Behaviour, side: 'stable' | 'canary', scored: boolean): ArmTally => {
    const tally = new ArmTally(cuts, levels.bins.length)
    const errors = drawBinomial(uniform, requests, behaviour.errorRatio)
    Object.assign(tally, { requests, errors, newUnits: requests, servedUnits: requests })
    Object.assign(tally, { firstRequests: requests, firstErrors: errors })
    tally.events[0] = errors
    if (!scored) return tally
    tally.scored = requests - errors
    let [above, chance] = [tally.scored, 1]
    for (const [i, next] of [...chancesAbove(levels, behaviour), 0].entries()) {
      const higher = drawBinomial(uniform, above, chance > 0 ? next / chance : 0)
      tally.levels[i] = above - higher
      for (let cut = 0; cut < (levels.slow[side][i] ?? 0); cut += 1)
        tally.events[3 * (1 + cut)] = (tally.events[3 * (1 + cut)] ?? 0) + above - higher
      ;[above, chance] = [higher, next]
    }
    return tally
  }
  return {
    sticky: false,
    slot({ requests, weightBp, stable, canary, scored }) {
      const own = drawBinomial(uniform, requests, weightBp / 10_000)
      return {
        canary: arm(own, canary, 'canary', scored),
        stable: arm(requests - own, stable, 'stable', scored),
      }
    },
    begin: () => undefined,
    beginEpoch: () => undefined,
  }
}
