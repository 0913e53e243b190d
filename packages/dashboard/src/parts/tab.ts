import type { Rollout } from '@serin/spec'
import { weight } from '../figures.ts'
import { isOpen, rolloutMark } from '../live/marks.ts'
import { t } from '../live/preferences.ts'

const colours = { safe: '#1f7a4d', wait: '#b87a00', harm: '#c62f25', quiet: '#6f7680' } as const

/** Lets the tab answer the first question: sign, weight and phase in its title, a pie of the share in its picture. */
export function showInTab(
  rollout: Pick<Rollout, 'phase' | 'reason' | 'judgement' | 'gate' | 'inForceBp' | 'askedBp' | 'service'>,
): void {
  const mark = rolloutMark(rollout)
  const bp = rollout.inForceBp ?? rollout.askedBp
  document.title = `${mark.sign} ${isOpen(rollout) ? `${weight(bp)} ` : ''}${t(`phase.${rollout.phase}`)} · ${rollout.service}`
  const icon = document.querySelector<HTMLLinkElement>('link[rel=icon]')
  const picture = `data:image/svg+xml,${encodeURIComponent(pie(rollout.phase === 'promoted' ? 10_000 : bp, colours[mark.tone]))}`
  if (icon !== null && icon.href !== picture) icon.href = picture
}

/** A pie of a share, as a picture of its own. */
export function pie(weightBp: number, colour: string): string {
  const share = Math.min(1, Math.max(0, weightBp / 10_000))
  const angle = 2 * Math.PI * share
  const [x, y] = [16 + 12 * Math.sin(angle), 16 - 12 * Math.cos(angle)].map((each) => each.toFixed(2))
  const slice =
    share >= 1
      ? `<circle cx="16" cy="16" r="12" fill="${colour}"/>`
      : share <= 0
        ? ''
        : `<path d="M16 16V4A12 12 0 ${share > 0.5 ? 1 : 0} 1 ${x} ${y}Z" fill="${colour}"/>`
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><circle cx="16" cy="16" r="14" fill="#fff" stroke="${colour}" stroke-width="3"/>${slice}</svg>`
}
