/** What was known of a difference at one moment. Null bounds are open. */
export interface BandPoint {
  readonly at: number
  readonly value: number | null
  readonly low: number | null
  readonly high: number | null
  readonly step: number | null
}

/** What a band is drawn into, and the two lines it is read against. */
export interface BandFrame {
  readonly width: number
  readonly height: number
  /** No difference: 0, or 1 of a ratio. */
  readonly same: number
  /** Where the next step would call it harm; null when nobody asked. */
  readonly limit: number | null
}

/** A band as paths and places inside its frame. */
export interface BandLayout {
  /** The interval, closed. */
  readonly band: string
  /** The estimate; may be in pieces. */
  readonly line: string
  readonly sameY: number
  readonly limitY: number | null
  /** Where a step began. */
  readonly steps: readonly { readonly x: number; readonly step: number }[]
  /** The scale, bottom and top. */
  readonly from: number
  readonly to: number
  /** Each point with its place, for a cursor. */
  readonly places: readonly { readonly x: number; readonly y: number | null; readonly point: BandPoint }[]
}

/** Lays a band out. The scale is that of what is known now: early intervals, which are as good as endless, run out of the picture instead of flattening it. */
export function layoutBand(points: readonly BandPoint[], frame: BandFrame): BandLayout {
  const { width, height, same, limit } = frame
  const [from, to] = scaleOf(points, frame)
  const [start, end] = [points[0]?.at ?? 0, points.at(-1)?.at ?? 0]
  const xOf = (at: number) => (end > start ? round(((at - start) / (end - start)) * width) : width)
  const yOf = (value: number) => round((1 - clamp((value - from) / (to - from), 0, 1)) * height)
  const known = points.filter(({ low, high }) => low !== null || high !== null)
  const upper = known.map(({ at, high }) => `${xOf(at)} ${high === null ? 0 : yOf(high)}`)
  const lower = known.map(({ at, low }) => `${xOf(at)} ${low === null ? height : yOf(low)}`).reverse()
  return {
    band: known.length < 2 ? '' : `M${[...upper, ...lower].join('L')}Z`,
    line: piecesOf(points, ({ at, value }) => (value === null ? null : `${xOf(at)} ${yOf(value)}`)),
    sameY: yOf(same),
    limitY: limit === null ? null : yOf(limit),
    steps: points.flatMap(({ at, step }, i) =>
      i > 0 && step !== null && step !== points[i - 1]?.step ? [{ x: xOf(at), step }] : [],
    ),
    from,
    to,
    places: points.map((point) => ({
      x: xOf(point.at),
      y: point.value === null ? null : yOf(point.value),
      point,
    })),
  }
}

/** Bottom and top: both lines, the estimates of late, and the interval as it is now; never empty. */
function scaleOf(points: readonly BandPoint[], { same, limit }: BandFrame): readonly [number, number] {
  const late = points.slice(Math.floor(points.length / 2))
  const last = points.findLast(({ low, high }) => low !== null || high !== null)
  const wanted = [same, limit, last?.low, last?.high, ...late.map(({ value }) => value)].filter(
    (value): value is number => typeof value === 'number' && Number.isFinite(value),
  )
  const [low, high] = [Math.min(...wanted), Math.max(...wanted)]
  const room = high > low ? (high - low) * 0.15 : Math.max(Math.abs(high) * 0.5, 1)
  return [low - room, high + room]
}

function piecesOf(points: readonly BandPoint[], placed: (point: BandPoint) => string | null): string {
  let [path, drawing] = ['', false]
  for (const point of points) {
    const place = placed(point)
    if (place !== null) path += `${drawing ? 'L' : 'M'}${place}`
    drawing = place !== null
  }
  return path
}

function clamp(value: number, from: number, to: number): number {
  return Number.isFinite(value) ? Math.min(to, Math.max(from, value)) : value > 0 ? to : from
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}
