import type { JournalLine } from '@serin/sdk'
import type { Rollout, RolloutPoint } from '@serin/spec'

/** Everything a report is printed from. */
export interface Report {
  readonly rollout: Rollout
  /** How it went, oldest first. */
  readonly points: readonly RolloutPoint[]
  /** Its lines of the journal, oldest first. */
  readonly entries: readonly JournalLine[]
  readonly madeAt: number
  readonly serin: string
}

/** What a report can be printed as. */
export const reportFormats = ['html', 'md', 'json'] as const
export type ReportFormat = (typeof reportFormats)[number]

/** A moment in a report: the same for every reader, wherever the machine stood. */
export function instant(at: number | null): string {
  return at === null ? '–' : `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC`
}
