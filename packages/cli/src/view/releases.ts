import type { Release } from '@serin/spec'
import { age } from './figures.ts'
import { markOf, type Mark } from './marks.ts'
import type { Paper } from './paper.ts'
import { table, type Column } from './table.ts'
import { cleanText } from './text.ts'

/** The mark of a coupled release: is it all right? */
export function releaseMark({ state }: Release): Mark {
  const verdict = state === 'done' ? 'safe' : state === 'stuck' ? 'harmful' : 'undecided'
  return { ...markOf(verdict), word: state }
}

/** Coupled releases, one line for each member. */
export function releaseTable(
  releases: readonly Release[],
  { paper, wide, now }: { readonly paper: Paper; readonly wide: boolean; readonly now: number },
): readonly string[] {
  type Row = { readonly release: Release; readonly member: Release['members'][number]; readonly isFirst: boolean }
  const rows = releases.flatMap((release) =>
    release.members.map((member, i): Row => ({ release, member, isFirst: i === 0 })),
  )
  const ofFirst = (text: (release: Release) => string) => (row: Row) => (row.isFirst ? text(row.release) : '')
  const columns: Column<Row>[] = [
    { title: 'id', text: ofFirst(({ id }) => id), style: () => 'strong' },
    {
      title: 'state',
      text: ofFirst((release) => `${releaseMark(release).sign} ${release.state}`),
      style: ({ release }) => releaseMark(release).style,
    },
    { title: 'order', text: ofFirst(({ order }) => order) },
    { title: 'service', text: ({ member }) => member.service },
    { title: 'from', text: ({ member }) => member.from },
    { title: 'to', text: ({ member }) => member.to },
    { title: 'stage', text: ({ member }) => member.stage },
    { title: 'rollout', text: ({ member }) => (member.back ?? member.rollout)?.id ?? '–' },
    { title: 'age', align: 'right', text: ofFirst(({ startedAt }) => age(now - startedAt)) },
  ]
  const more: Column<Row>[] = [
    { title: 'by', text: ofFirst(({ by }) => cleanText(by)) },
    { title: 'why', text: ({ member, release, isFirst }) => cleanText(isFirst ? release.why : member.why) || '–' },
  ]
  return table(wide ? [...columns, ...more] : columns, rows, paper)
}
