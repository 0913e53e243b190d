import { formatDuration } from '@serin/spec'

/** A number with as many digits as people can use. */
export function figure(value: number): string {
  const size = Math.abs(value)
  if (size === 0) return '0'
  if (size >= 100) return Math.round(value).toLocaleString('en')
  return size >= 10 ? value.toFixed(1) : size >= 0.1 ? value.toFixed(2) : value.toPrecision(2)
}

/** A whole number with separators. */
export function count(value: number): string {
  return Math.round(value).toLocaleString('en')
}

/** A share in percent; a dash when there is none. */
export function percent(value: number | null): string {
  if (value === null) return '–'
  return `${value === 100 || value === 0 ? value : value.toFixed(Math.abs(value) < 0.1 ? 2 : 1)} %`
}

/** Basis points as percent; a dash when unknown. */
export function weight(basisPoints: number | null): string {
  return basisPoints === null ? '–' : `${Number((basisPoints / 100).toFixed(2))} %`
}

/** A latency; a dash when there is none. */
export function latency(ms: number | null): string {
  if (ms === null) return '–'
  if (ms >= 10_000) return `${(ms / 1_000).toFixed(0)} s`
  if (ms >= 1_000) return `${(ms / 1_000).toFixed(1)} s`
  return `${ms >= 10 ? ms.toFixed(0) : ms.toFixed(1)} ms`
}

/** A time that has passed, in whole seconds below an hour. */
export function age(ms: number): string {
  return formatDuration(
    Math.max(0, ms < 3_600_000 ? Math.round(ms / 1_000) * 1_000 : Math.round(ms / 60_000) * 60_000),
  ).replace(/^0ms$/, '0s')
}

/** A time of day, in the person's own zone. */
export function clock(at: number): string {
  const date = new Date(at)
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map((part) => String(part).padStart(2, '0')).join(':')
}

/** Bytes as MiB. */
export function mebibytes(bytes: number | null): string {
  return bytes === null ? '–' : `${(bytes / 1_048_576).toFixed(0)} MiB`
}

/** The odds an e-value stands for, bounded so that people can read them: `14 to 1`. */
export function odds(logE: number): string {
  if (logE >= Math.log(1e9)) return 'more than 1,000,000,000 to 1'
  const value = Math.exp(logE)
  return `${value >= 10 ? Math.floor(value + 1e-9).toLocaleString('en') : value < 0.1 ? 'less than 0.1' : value.toFixed(1)} to 1`
}

/** How far evidence has come to its threshold, 0 to 1, on the scale on which evidence adds up. */
export function progress({ logE, threshold }: { readonly logE: number; readonly threshold: number }): number {
  return threshold > 0 ? Math.min(1, Math.max(0, logE / threshold)) : 1
}

/** A count with its noun: `1 replica`, `3 replicas`. */
export function plural(amount: number, noun: string): string {
  return `${count(amount)} ${noun}${amount === 1 ? '' : 's'}`
}
