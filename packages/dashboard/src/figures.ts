import { say, type Language } from './words/say.ts'

/** A number with as many digits as people can use. */
export function figure(value: number): string {
  const size = Math.abs(value)
  if (size === 0) return '0'
  if (size >= 100) return count(value)
  return minus(size >= 10 ? value.toFixed(1) : size >= 0.1 ? value.toFixed(2) : value.toPrecision(2))
}

/** A whole number with separators. */
export function count(value: number): string {
  return minus(Math.round(value).toLocaleString('en'))
}

/** A number with its sign. */
export function signed(value: number): string {
  return value > 0 ? `+${figure(value)}` : figure(value)
}

/** Basis points as percent; a dash when unknown. */
export function weight(basisPoints: number | null): string {
  return basisPoints === null ? '–' : `${Number((basisPoints / 100).toFixed(2))} %`
}

/** A share in percent; a dash when there is none. What is not quite all or nothing is never shown as if it were. */
export function percent(value: number | null): string {
  if (value === null) return '–'
  if (value > 0 && value < 0.005) return '< 0.01 %'
  if (value >= 99.995 && value < 100) return '> 99.99 %'
  if (value === 100 || value === 0) return `${value} %`
  return minus(`${value.toFixed(Math.abs(value) < 0.1 || value > 99.9 ? 2 : 1)} %`)
}

/** A latency; a dash when there is none. */
export function latency(ms: number | null): string {
  if (ms === null) return '–'
  if (ms >= 1_000) return `${(ms / 1_000).toFixed(ms >= 10_000 ? 0 : 1)} s`
  return `${ms >= 10 ? ms.toFixed(0) : ms.toFixed(1)} ms`
}

/** Bytes as MiB; a dash when there are none. */
export function mebibytes(bytes: number | null): string {
  return bytes === null ? '–' : `${(bytes / 1_048_576).toFixed(0)} MiB`
}

/** A stretch of time, in its two largest parts. */
export function duration(ms: number, language: Language): string {
  const seconds = Math.max(0, Math.round(ms / 1_000))
  if (seconds < 60) return say(language, 'time.s', { n: seconds })
  const minutes = Math.floor(seconds / 60)
  if (minutes < 10 && seconds % 60 !== 0) return say(language, 'time.ms', { m: minutes, s: seconds % 60 })
  if (minutes < 60) return say(language, 'time.m', { n: minutes })
  const hours = Math.floor(minutes / 60)
  if (hours < 48)
    return minutes % 60 === 0 || hours >= 10
      ? say(language, 'time.h', { n: hours })
      : say(language, 'time.hm', { h: hours, m: minutes % 60 })
  return say(language, 'time.d', { n: Math.floor(hours / 24) })
}

/** A time of day, in the reader’s own zone. */
export function clock(at: number): string {
  const date = new Date(at)
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map((part) => String(part).padStart(2, '0')).join(':')
}

/** Day and time, in the reader’s own zone. */
export function moment(at: number): string {
  const date = new Date(at)
  const day = [date.getFullYear(), date.getMonth() + 1, date.getDate()]
  return `${day.map((part) => String(part).padStart(2, '0')).join('-')} ${clock(at)}`
}

/** The odds an e-value stands for, bounded so that people can read them. */
export function odds(logE: number, language: Language): string {
  if (logE >= Math.log(1e9)) return say(language, 'odds.more')
  const value = Math.exp(logE)
  return say(language, 'odds', {
    n: value >= 10 ? count(Math.floor(value + 1e-9)) : value < 0.1 ? '< 0.1' : value.toFixed(1),
  })
}

/** How far evidence has come to its threshold, 0 to 1. */
export function progress({ logE, threshold }: { readonly logE: number; readonly threshold: number }): number {
  const ratio = threshold > 0 ? logE / threshold : 1
  return Number.isFinite(ratio) ? Math.min(1, Math.max(0, ratio)) : ratio > 0 ? 1 : 0
}

/** Typographers do not use a hyphen before a number. */
function minus(text: string): string {
  return text.replace(/^-/, '−')
}
