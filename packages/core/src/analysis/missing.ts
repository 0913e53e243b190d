import { formatDuration, type Analysis, type Judgement } from '@serin/spec'

const kinds = { 'no-data': 'noData', 'source-down': 'sourceDown', 'low-traffic': 'lowTraffic' } as const

/** What the service wants when evidence has been missing for so long, or null: then a step waits, to its deadline. */
export function missingFor(
  { health, sentence }: Pick<Judgement, 'health' | 'sentence'>,
  lastedMs: number,
  analysis: Pick<Analysis, 'noData' | 'sourceDown' | 'lowTraffic'>,
): { readonly do: 'hold' | 'rollback'; readonly why: string } | null {
  const kind = health in kinds ? kinds[health as keyof typeof kinds] : undefined
  const policy = kind === undefined ? undefined : analysis[kind]
  if (policy === undefined || lastedMs < policy.after) return null
  return { do: policy.do, why: `For ${formatDuration(policy.after)}: ${sentence}` }
}
