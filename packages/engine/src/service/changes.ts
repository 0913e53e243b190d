import type { JournalDraft } from '@serin/kit'
import type { JournalKind } from '@serin/spec'
import type { Asker } from '../asker.ts'
import type { Assignment, RolloutDocument, ServiceDocument } from '../documents.ts'
import type { Reading } from './reading.ts'

/** What one commit changes of a service. */
export interface Changes {
  /** It only says what can be read again, unless something else comes of it: it need not wait for the disk. */
  readonly soon?: boolean
  readonly service?: ServiceDocument
  readonly cursor?: Reading
  readonly assignments?: readonly Assignment[]
  readonly rollouts?: readonly RolloutDocument[]
  /** Ids of rollouts that are forgotten; the journal keeps what happened. */
  readonly forgotten?: readonly string[]
  readonly journal?: readonly JournalDraft[]
  readonly evidence?: readonly { readonly series: string; readonly at: number; readonly value: unknown }[]
}

/** A journal entry about a service. */
export function serviceEntry(
  service: string,
  kind: JournalKind,
  { by, why }: Asker,
  data: Readonly<Record<string, unknown>>,
): JournalDraft {
  return { stream: `service/${service}`, kind, actor: by, data: why === '' ? data : { ...data, why } }
}

/** A journal entry about the control plane itself. */
export function systemEntry(
  kind: JournalKind,
  { by, why }: Asker,
  data: Readonly<Record<string, unknown>>,
): JournalDraft {
  return { stream: 'system', kind, actor: by, data: why === '' ? data : { ...data, why } }
}

/** A journal entry about a rollout. */
export function rolloutEntry(
  rollout: RolloutDocument,
  kind: JournalKind,
  actor: string,
  data: Readonly<Record<string, unknown>>,
): JournalDraft {
  return { stream: `rollout/${rollout.id}`, kind, actor, data }
}
