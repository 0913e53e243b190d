/** One kind of journal entry: whose stream it stands in, what it says happened, and the fields of its data. */
export interface JournalKindEntry {
  readonly stream: 'service' | 'rollout' | 'release' | 'system'
  readonly says: string
  readonly data: Readonly<Record<string, string>>
}

const why = 'The reason that was given; absent or empty when there was none.'

/** Every kind of journal entry, sorted by name. The engine writes no other; docs/reference/journal.md is printed from here. */
export const journalKinds = {
  'notice.failed': { stream: 'rollout', says: 'A notice did not arrive; nothing depends on it.', data: { why } },
  'release.abort': {
    stream: 'release',
    says: 'Somebody asked to take every member of a coupled release back.',
    data: { why },
  },
  'release.dropped': {
    stream: 'service',
    says: 'A release that waited cannot be done any more.',
    data: { why, version: 'The version.' },
  },
  'release.member': {
    stream: 'release',
    says: 'A member of a coupled release has come to another stage.',
    data: {
      why: 'Why, where somebody may ask.',
      service: 'The member.',
      from: 'The stage before.',
      to: 'The stage now, such as `out`, `promoted` or `back`.',
      rollout: 'The rollout that takes it out, or, on the way back after its promotion, the one that takes it back.',
    },
  },
  'release.moved': {
    stream: 'release',
    says: 'A coupled release went from one state to another.',
    data: {
      why: 'The sentence that decided it.',
      from: 'The state before.',
      to: 'The state now: `going`, `held`, `reversing`, `done`, `reversed` or `stuck`.',
    },
  },
  'release.pause': {
    stream: 'release',
    says: 'Somebody asked to hold a coupled release: its members under way are held, and none starts.',
    data: { why },
  },
  'release.queued': {
    stream: 'service',
    says: 'A release waits until the rollout under way is over.',
    data: { why, version: 'The version.' },
  },
  'release.resume': {
    stream: 'release',
    says: 'Somebody asked to let a coupled release go on.',
    data: { why },
  },
  'release.started': {
    stream: 'release',
    says: 'A coupled release began.',
    data: {
      why,
      order: '`sequence` or `together`.',
      members: 'Its services, with the version each goes to and the one it comes from.',
    },
  },
  'rollout.abort': { stream: 'rollout', says: 'Somebody asked to send all traffic back to stable.', data: { why } },
  'rollout.approve': { stream: 'rollout', says: 'Somebody said yes to the gate that is asked.', data: { why } },
  'rollout.arm': {
    stream: 'rollout',
    says: 'A challenger of an experiment was dropped, or chosen to take the place of stable.',
    data: { version: 'The version.', what: '`dropped` or `chosen`.', why: 'The sentence that decided it.' },
  },
  'rollout.gate': {
    stream: 'rollout',
    says: 'A gate has passed or failed.',
    data: { gate: 'Its name.', outcome: '`passed` or `failed`.', why: 'What it said.' },
  },
  'rollout.judged': {
    stream: 'rollout',
    says: 'The verdict, or the health of the evidence, changed; or a judge that looks now and then has looked.',
    data: { judgement: 'The whole judgement with its numbers, as in a rollout of the API.' },
  },
  'rollout.jump': {
    stream: 'rollout',
    says: 'Somebody asked to go to another step.',
    data: { why, to: 'The step, from 0.' },
  },
  'rollout.moved': {
    stream: 'rollout',
    says: 'The rollout went from one phase or step to another.',
    data: {
      from: 'The phase before.',
      to: 'The phase now.',
      step: 'The step now, from 0; −1 before any traffic. Only in phases that have one.',
      weightBp: 'The share of that step, in hundredths of a percent.',
      reason: 'Why it is held or going back.',
      why: 'The sentence that decided it.',
      event: 'What made it move, such as `judged` or `abort`.',
      judgement: 'When evidence decided: the judgement it rests on.',
      evidenceMs: 'When evidence decided: the evidence time gathered in the step before.',
    },
  },
  'rollout.pause': { stream: 'rollout', says: 'Somebody asked to hold the rollout where it is.', data: { why } },
  'rollout.promote': {
    stream: 'rollout',
    says: 'Somebody asked to go to the next step, or to the end.',
    data: { why },
  },
  'rollout.resume': { stream: 'rollout', says: 'Somebody asked to let a held rollout go on.', data: { why } },
  'rollout.retry': { stream: 'rollout', says: 'Somebody asked to start it again, with new evidence.', data: { why } },
  'rollout.started': {
    stream: 'rollout',
    says: 'A rollout began.',
    data: { why, plan: 'The steps it follows to its end, even if the file changes meanwhile.' },
  },
  'rollout.supersede': { stream: 'rollout', says: 'Another version takes its place.', data: { why } },
  'routing.applied': {
    stream: 'service',
    says: 'The router confirmed a routing table.',
    data: {
      revision: 'Its revision; it only grows.',
      weights: 'Share of each version, in hundredths of a percent.',
      rollout: 'The attempt of a rollout it measures for, or `idle`.',
    },
  },
  'service.changed': {
    stream: 'service',
    says: 'A release file changed the service.',
    data: { why, details: 'What differs, as `path: before → after`.' },
  },
  'service.created': {
    stream: 'service',
    says: 'A release file declared the service.',
    data: { stable: 'The version that serves first.', versions: 'All versions of the file.' },
  },
  'store.recovered': {
    stream: 'service',
    says: 'The store can write again; what happened meanwhile is not in the journal.',
    data: { why, message: 'What had been wrong.' },
  },
  'token.created': {
    stream: 'system',
    says: 'An admin made a token.',
    data: {
      why,
      token: 'Its name: the actor of what is done with it.',
      role: 'What it may do.',
      expiresAt: 'From when on it is refused, in milliseconds since the epoch; null: never.',
    },
  },
  'routing.drifted': {
    stream: 'service',
    says: 'The router did something else than it was asked, though nothing else had been asked since: somebody changed it by hand, or it lost its table. Serin puts it right, or leaves it where the service says `onDrift: report`.',
    data: {
      asked: 'Revision and weights of the table it had.',
      seen: 'Revision and weights it was found with; revision 0 is not what Serin wrote, null is none.',
      left: 'Whether it is left so.',
    },
  },
  'routing.settled': {
    stream: 'service',
    says: 'The router does again what it was asked, after a change that had been left as it was.',
    data: { revision: 'Of the table.', weights: 'Its shares, in basis points.' },
  },
  'token.revoked': {
    stream: 'system',
    says: 'An admin took a token back.',
    data: { why, token: 'Its name.', role: 'What it could do.' },
  },
  'version.cut-off': {
    stream: 'service',
    says: 'A version was stopped before everything it was asked was answered: the drain time was over.',
    data: {
      version: 'The version.',
      count: 'How many requests, streams and tunnels ended unfinished because of that.',
    },
  },
} as const satisfies Record<string, JournalKindEntry>

/** The name of a kind of journal entry. */
export type JournalKind = keyof typeof journalKinds
