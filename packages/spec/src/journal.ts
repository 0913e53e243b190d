/** One kind of journal entry: whose stream it stands in, what it says happened, and the fields of its data. */
export interface JournalKindEntry {
  readonly stream: 'service' | 'rollout'
  readonly says: string
  readonly data: Readonly<Record<string, string>>
}

const why = 'The reason that was given; absent or empty when there was none.'

/** Every kind of journal entry, sorted by name. The engine writes no other; docs/reference/journal.md is printed from here. */
export const journalKinds = {
  'rollout.abort': { stream: 'rollout', says: 'Somebody asked to send all traffic back to stable.', data: { why } },
  'rollout.judged': {
    stream: 'rollout',
    says: 'The verdict, or the health of the evidence, changed; or a judge that looks now and then has looked.',
    data: { judgement: 'The whole judgement with its numbers, as in a rollout of the API.' },
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
} as const satisfies Record<string, JournalKindEntry>

/** The name of a kind of journal entry. */
export type JournalKind = keyof typeof journalKinds
