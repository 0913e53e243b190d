import { normalQuantile, oneSidedLogE } from '@serin/stats'
import { addInterval, nothing, type Interval, type Rival } from './rival.ts'

/** The difference of the error rates so far and its pooled variance; null while there is none. */
function difference({ canary, canaryErrors, stable, stableErrors }: Interval): { d: number; variance: number } | null {
  if (canary === 0 || stable === 0) return null
  const pooled = (canaryErrors + stableErrors) / (canary + stable)
  const variance = pooled * (1 - pooled) * (1 / canary + 1 / stable)
  return variance > 0 ? { d: canaryErrors / canary - stableErrors / stable, variance } : null
}

/** An ordinary test of two proportions, one-sided, looked at again and again until it is significant. */
export function peekedZ(options: { readonly level: number; readonly everySeconds: number }): Rival {
  const bound = normalQuantile(1 - options.level)
  return {
    method: `z-test peeked every ${options.everySeconds} s, p < ${options.level}`,
    everySeconds: options.everySeconds,
    start: () => {
      let total = nothing
      return (interval) => {
        total = addInterval(total, interval)
        const now = difference(total)
        return now !== null && now.d / Math.sqrt(now.variance) > bound
      }
    },
  }
}

/** The same test looked at once, at a time fixed before. */
export function singleZ(options: { readonly level: number; readonly afterSeconds: number }): Rival {
  const bound = normalQuantile(1 - options.level)
  return {
    method: `z-test once after ${options.afterSeconds / 60} min, p < ${options.level}`,
    everySeconds: options.afterSeconds,
    start: () => {
      let looked = false
      return (interval) => {
        if (looked) return false
        looked = true
        const now = difference(interval)
        return now !== null && now.d / Math.sqrt(now.variance) > bound
      }
    },
  }
}

/** A mixture sequential test of the pooled difference, the always-valid p-values of experimentation platforms, after a burn-in of canary requests. */
export function mixtureSequential(options: {
  readonly level: number
  readonly everySeconds: number
  readonly burnIn: number
}): Rival {
  const { level, everySeconds, burnIn } = options
  return {
    method: `mSPRT every ${everySeconds} s, alpha ${level}, burn-in ${burnIn}`,
    everySeconds,
    start: () => {
      let total = nothing
      return (interval) => {
        total = addInterval(total, interval)
        const now = difference(total)
        if (now === null || total.canary < burnIn) return false
        // The prior's scale is half of stable's rate.
        const tau = total.stableErrors / total.stable / 2
        const k = (tau * tau) / now.variance
        return k > 0 && oneSidedLogE(now.d / Math.sqrt(now.variance), k) >= Math.log(1 / level)
      }
    },
  }
}
