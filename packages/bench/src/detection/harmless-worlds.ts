/** A canary that is no worse than stable, and what happens around it. */
export interface HarmlessWorld {
  readonly id: string
  readonly what: string
  readonly seconds: number
  /** How often counts are read. */
  readonly stepSeconds: number
  readonly requestsPerSecond: number
  /** Probability that a request of stable fails, and canary's as a multiple of it (at most 1). */
  readonly rate: (second: number) => number
  readonly factor: number
  /** Canary's share of the requests. */
  readonly share: (second: number) => number
}

const day = 86_400
const always = (value: number) => (): number => value
const ramp = (second: number): number => [0.01, 0.05, 0.25, 0.5][Math.floor((4 * second) / day)] ?? 0.5

function world(id: string, what: string, more: Partial<HarmlessWorld>): HarmlessWorld {
  const usual = { seconds: day, stepSeconds: 60, requestsPerSecond: 1_000, factor: 1 }
  return { id, what, rate: always(0.01), share: always(0.05), ...usual, ...more }
}

/** Days and half hours without harm: steady, with tides, while the share grows, with an incident that hits both, rare failures, little traffic. */
export const harmlessWorlds: readonly HarmlessWorld[] = [
  world('N1', 'a day at 1 % failures', {}),
  world('N2', 'a day at 0.1 %, canary 1 %', { rate: always(0.001), share: always(0.01) }),
  world('N3', 'tides and a growing share', {
    rate: (second) => 0.01 * (1 + 0.8 * Math.sin((2 * Math.PI * second) / day)),
    share: ramp,
  }),
  world('N4', 'an incident of 3 minutes on both', {
    rate: (second) => (second >= day / 2 && second < day / 2 + 180 ? 0.2 : 0.01),
  }),
  world('N5', 'a day at 0.001 %', { rate: always(0.00001) }),
  world('N6', 'a day of 10 requests per second', { requestsPerSecond: 10 }),
  world('N7', 'a better canary', { factor: 0.8 }),
  world('N9', 'half an hour at 1 %, looks each second', { seconds: 1_800, stepSeconds: 1 }),
  world('N10', 'half an hour at 0.1 %, looks each second', { seconds: 1_800, stepSeconds: 1, rate: always(0.001) }),
]
