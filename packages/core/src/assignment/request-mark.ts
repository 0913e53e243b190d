import type { Decision } from './router.ts'

/** What an answer says of how its request was assigned: enough to count a later observation for the version that served it. */
export interface RequestMark {
  readonly version: string
  readonly by: Decision['by']
  /** Statistical bucket of the unit, 0–255. */
  readonly bucket: number
  /** Canary's share in force, in basis points. */
  readonly canaryBp: number
  /** `measurement.rollout` of the table. */
  readonly rollout: string
}

const form = /^[^.]+\.(\d{1,3})\.(rule|override|hash)\.(\d{1,5})\.([A-Za-z0-9._-]+#\d+|idle)\.(.+)$/

/** The mark as text behind an id of the request's own: `<id>.<bucket>.<by>.<share>.<rollout>.<version>`. */
export function formatRequestMark(id: string, { bucket, by, canaryBp, rollout, version }: RequestMark): string {
  return `${id}.${bucket}.${by}.${canaryBp}.${rollout}.${version}`
}

/** Reads a mark back, or null when the text is none. */
export function parseRequestMark(text: string): RequestMark | null {
  const parts = form.exec(text)
  if (parts === null) return null
  const [, bucket, by, canaryBp, rollout = '', version = ''] = parts
  const mark = { version, bucket: Number(bucket), canaryBp: Number(canaryBp), rollout }
  return by === 'rule' || by === 'override' || by === 'hash' ? { ...mark, by } : null
}
