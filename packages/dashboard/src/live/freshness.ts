/** How the event stream fares, and when it was last heard. */
export interface Link {
  readonly state: 'connecting' | 'live' | 'lost'
  readonly heardAt: number | null
}

/** The control plane says something at least every ten seconds; whoever has been silent for longer is not live. */
export const silentMs = 15_000

/** What may be said of data that came over a link: it is live, it is old, or it never came. */
export function freshnessOf({ state, heardAt }: Link, now: number): 'live' | 'stale' | 'lost' | 'connecting' | 'never' {
  if (heardAt === null) return state === 'lost' ? 'never' : 'connecting'
  if (state === 'lost') return 'lost'
  return now - heardAt > silentMs ? 'stale' : 'live'
}
