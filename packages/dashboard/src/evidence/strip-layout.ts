/** One second of traffic, by version. */
export interface StripPoint {
  readonly at: number
  readonly stable: number
  readonly canary: number
}

/** Two lines over the same scale, inside a frame. */
export interface StripLayout {
  readonly stable: string
  readonly canary: string
  /** Requests per second at the top. */
  readonly top: number
}

/** Lays out the traffic of the last `spanMs` before `until`; what is older leaves on the left. */
export function layoutStrip(
  points: readonly StripPoint[],
  {
    width,
    height,
    until,
    spanMs,
  }: { readonly width: number; readonly height: number; readonly until: number; readonly spanMs: number },
): StripLayout {
  const shown = points.filter(({ at }) => at >= until - spanMs && at <= until)
  const top = niceTop(Math.max(0, ...shown.flatMap(({ stable, canary }) => [stable, canary])))
  const xOf = (at: number) => Math.round((1 - (until - at) / spanMs) * width * 100) / 100
  const yOf = (value: number) => Math.round((1 - Math.max(0, value) / top) * height * 100) / 100
  const path = (value: (point: StripPoint) => number) =>
    shown.map((point, i) => `${i === 0 ? 'M' : 'L'}${xOf(point.at)} ${yOf(value(point))}`).join('')
  return { stable: path(({ stable }) => stable), canary: path(({ canary }) => canary), top }
}

/** The next of 1, 2, 5, 10, 20, 50 … above a value; at least 1. */
export function niceTop(value: number): number {
  if (!(value > 1)) return 1
  const size = 10 ** Math.floor(Math.log10(value))
  return ([1, 2, 5, 10].find((each) => each * size >= value) ?? 10) * size
}
