import { lookBack } from './look-back.ts'
import { lookOut } from './look-out.ts'
import type { Release, ReleaseAct, ReleaseEvent, ReleaseState } from './release.ts'

/** What an event makes of a release, and what is to be done to its members; or why the event does not fit. */
export type ReleaseOutcome =
  | { readonly release: Release; readonly acts: readonly ReleaseAct[] }
  | { readonly refused: string }

type EventOf<E extends ReleaseEvent['type']> = Extract<ReleaseEvent, { type: E }>
type Rule<E extends ReleaseEvent['type']> = (release: Release, event: EventOf<E>, now: number) => ReleaseOutcome

/** A cell for every pair: adding a state or an event does not compile until each pair is decided. */
type Table = {
  readonly [S in ReleaseState]: {
    readonly [E in ReleaseEvent['type']]: Rule<E> | 'ignore' | { readonly refuse: string }
  }
}

const over = { refuse: 'The release is over.' } as const
const goingBack = { refuse: 'The release is going back; nothing holds that.' } as const
const stuck = { refuse: 'The release could not go back; "abort" tries again.' } as const

const table: Table = {
  going: {
    seen: lookOut,
    refused: notStarted,
    pause: hold,
    resume: { refuse: 'The release is not held.' },
    abort: reverse,
  },
  held: {
    seen: lookOut,
    refused: notStarted,
    pause: hold,
    resume: (release, { by, why }, now) => moved({ ...release, state: 'going', owed: services(release), by, why }, now),
    abort: reverse,
  },
  reversing: {
    seen: lookBack,
    refused: notTakenBack,
    pause: goingBack,
    resume: goingBack,
    abort: 'ignore',
  },
  done: {
    seen: 'ignore',
    refused: 'ignore',
    pause: over,
    resume: over,
    abort: { refuse: 'Every member has been promoted; "undo" takes a service back to the version before.' },
  },
  reversed: { seen: 'ignore', refused: 'ignore', pause: over, resume: over, abort: over },
  stuck: { seen: 'ignore', refused: 'ignore', pause: stuck, resume: stuck, abort: reverse },
}

/** The machine of coupled releases: pure and total. A fact that does not matter leaves the release as it is; a command that does not fit is refused with a sentence. */
export function advanceRelease(release: Release, event: ReleaseEvent, now: number): ReleaseOutcome {
  const rule = table[release.state][event.type]
  if (rule === 'ignore') return { release, acts: [] }
  if (typeof rule === 'object') return { refused: rule.refuse }
  // The table's type pairs each rule with its own event; TypeScript cannot follow the pair through two look-ups.
  return (rule as Rule<ReleaseEvent['type']>)(release, event, now)
}

function hold(release: Release, { by, why }: EventOf<'pause'>, now: number): ReleaseOutcome {
  return moved({ ...release, state: 'held', owed: services(release), by, why }, now)
}

/** A new turn: what could not be taken back in the one before is tried again. */
function reverse(release: Release, { by, why }: { readonly by: string; readonly why: string }, now: number) {
  const members = release.members.map((member) =>
    member.stage === 'stuck' || member.stage === 'left'
      ? ({ ...member, stage: 'promoted', back: null, why: '' } as const)
      : member,
  )
  return moved({ ...release, members, state: 'reversing', turn: release.turn + 1, owed: [], by, why }, now)
}

function notStarted(release: Release, { act, why }: EventOf<'refused'>, now: number): ReleaseOutcome {
  if (act.type !== 'start') return { release, acts: [] }
  return reverse(release, { by: 'serin', why: `${act.service} could not start ${act.to}: ${why}` }, now)
}

function notTakenBack(release: Release, { act, why }: EventOf<'refused'>): ReleaseOutcome {
  if (act.type !== 'undo') return { release, acts: [] }
  const members = release.members.map((member) =>
    member.service === act.service ? ({ ...member, stage: 'stuck', why } as const) : member,
  )
  return { release: { ...release, members }, acts: [] }
}

function moved(release: Release, now: number): ReleaseOutcome {
  return { release: { ...release, since: now }, acts: [] }
}

function services({ members }: Release): readonly string[] {
  return members.map(({ service }) => service)
}
