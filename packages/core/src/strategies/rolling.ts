import type { RollingStrategy } from '@serin/spec'
import type { Plan, PlanStep } from '../plan.ts'
import { extras, type PlanVersions } from './steps.ts'

/**
 * Compiles rolling: batch by batch, copies of canary come up, take the share that is theirs, and as many of stable go. There are never more than the
 * version's copies and `maxSurge`, and never fewer ready than the copies less `maxUnavailable`.
 */
export function planRolling(strategy: RollingStrategy, versions: PlanVersions): Plan {
  const { hold, until, gates, bake, deadline } = strategy
  const { stable, canary, stableCopies, canaryCopies } = versions
  const copies = Math.max(stableCopies, canaryCopies)
  const surge = countOf(strategy.maxSurge, copies, Math.ceil)
  const unavailable = countOf(strategy.maxUnavailable, copies, Math.floor)
  const batch = Math.max(1, surge + unavailable)
  const most = copies + Math.max(surge, unavailable === 0 ? 1 : 0)
  const steps: PlanStep[] = gates.length === 0 ? [] : [{ weightBp: 0, holdMs: 0, pause: false, ...extras({ gates }) }]
  for (let up = Math.min(canaryCopies, batch); ; up = Math.min(canaryCopies, up + batch)) {
    const all = up === canaryCopies
    const room = (next: number) => Math.max(1, Math.min(stableCopies, most - next))
    steps.push({
      weightBp: all ? 10_000 : Math.round((up * 10_000) / canaryCopies),
      holdMs: all ? Math.max(hold, bake) : hold,
      pause: false,
      name: all ? 'all' : `${up} of ${canaryCopies}`,
      ...(until === 'time' || all ? { passes: 'no-harm' as const } : {}),
      canaryReplicas: up,
      stableReplicas: { starting: room(up), serving: room(Math.min(canaryCopies, up + batch)) },
      mostCopies: most,
    })
    if (all) break
  }
  return { strategy: 'rolling', stable, canary, steps, deadlineMs: deadline }
}

function countOf(copies: number | string, of: number, round: (value: number) => number): number {
  return typeof copies === 'number'
    ? Math.min(copies, of)
    : round((Math.min(100, Number.parseInt(copies, 10)) * of) / 100)
}
