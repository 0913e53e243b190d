/** A number with as many digits as people can use. */
export function figure(value: number): string {
  const size = Math.abs(value)
  return size === 0
    ? '0'
    : size >= 100
      ? value.toFixed(0)
      : size >= 10
        ? value.toFixed(1)
        : size >= 0.1
          ? value.toFixed(2)
          : value.toPrecision(2)
}

/** The odds an e-value stands for, bounded so that people can read it. */
export function oddsText(logE: number): string {
  if (logE >= Math.log(1e9)) return 'more than 1,000,000,000 to 1'
  const odds = Math.exp(logE)
  return `${odds >= 10 ? Math.floor(odds + 1e-6).toLocaleString('en') : odds.toFixed(1)} to 1`
}

const unitsMs = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000 } as const

/** A duration as people write it: `1500` → `1.5s`, `5400000` → `1h30m`. */
export function formatDuration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)}ms`
  if (ms < 60_000) return `${Number((ms / 1_000).toFixed(1))}s`
  const parts: string[] = []
  let rest = Math.round(ms / 1_000) * 1_000
  for (const unit of ['d', 'h', 'm', 's'] as const) {
    const amount = Math.floor(rest / unitsMs[unit])
    rest -= amount * unitsMs[unit]
    if (amount > 0) parts.push(`${amount}${unit}`)
  }
  return parts.slice(0, 2).join('')
}

/** Basis points as people read them: `500` → `5 %`. */
export function formatWeight(weightBp: number): string {
  return `${Number((weightBp / 100).toFixed(2))} %`
}
