import type { Judgement, Rollout } from '@serin/spec'

/** How something stands: with its sign, never by colour alone. */
export const standings = {
  safe: { sign: '●', tone: 'safe' },
  undecided: { sign: '▲', tone: 'wait' },
  harmful: { sign: '■', tone: 'harm' },
} as const satisfies Record<Judgement['verdict'], object>

/** How a rollout stands: is it all right? A person who stops one says nothing about harm. */
export function standingOf({
  phase,
  reason,
  judgement,
}: Pick<Rollout, 'phase' | 'reason' | 'judgement'>): Judgement['verdict'] {
  switch (phase) {
    case 'promoted':
    case 'promoting':
      return 'safe'
    case 'rolling-back':
    case 'rolled-back':
      return reason === 'harmful' || reason === 'failed' ? 'harmful' : 'undecided'
    case 'preparing':
    case 'holding':
      return 'undecided'
    case 'watching':
      return judgement?.verdict ?? 'undecided'
  }
}
