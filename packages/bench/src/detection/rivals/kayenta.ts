import { judgeKayenta, type KayentaConfig } from '@serin/stats'
import type { Rival } from './rival.ts'

const config: KayentaConfig = {
  metrics: [
    {
      name: 'errors',
      groups: ['errors'],
      analysisConfigurations: { canary: { direction: 'increase', critical: true } },
    },
  ],
}

/**
 * Mann-Whitney on one point per minute, judged every `minutes` on the points since the last judgement, by the judge that `judge: kayenta` offers:
 * one critical metric, and all of stable's traffic as the baseline, which flatters it.
 */
export function kayenta(options: { readonly minutes: number }): Rival {
  return {
    method: `Kayenta: Mann-Whitney every ${options.minutes} min`,
    everySeconds: 60,
    start: () => {
      let canary: number[] = []
      let stable: number[] = []
      return (interval) => {
        if (interval.canary > 0) canary.push(interval.canaryErrors / interval.canary)
        if (interval.stable > 0) stable.push(interval.stableErrors / interval.stable)
        if (Math.max(canary.length, stable.length) < options.minutes) return false
        const high = fails(canary, stable)
        canary = []
        stable = []
        return high
      }
    },
  }
}

/** Whether the judge would stop the canary on these points. */
export function fails(canary: readonly number[], stable: readonly number[]): boolean {
  const judged = judgeKayenta(config, [{ name: 'errors', canary, stable }])
  return judged.ok && judged.verdict === 'Fail'
}
