import { z } from 'zod'

const factors = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
const longestMs = 400 * factors.d

/** Milliseconds of a written duration such as `90s`, `5m`, `1h30m`, or undefined when it is not one. */
export function parseDuration(text: string): number | undefined {
  if (!/^(\d+(\.\d+)?(ms|s|m|h|d))+$/.test(text)) return undefined
  let total = 0
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)) {
    total += Number(amount) * factors[unit as keyof typeof factors]
  }
  return Number.isFinite(total) && total <= longestMs ? Math.round(total) : undefined
}

/** A duration as it can be read again without losing anything: `5400000` → `1h30m`, `1234` → `1s234ms`. */
export function writeDuration(ms: number): string {
  const parts: string[] = []
  let rest = Math.round(ms)
  for (const unit of ['d', 'h', 'm', 's', 'ms'] as const) {
    const amount = Math.floor(rest / factors[unit])
    rest -= amount * factors[unit]
    if (amount > 0) parts.push(`${amount}${unit}`)
  }
  return parts.join('') || '0s'
}

const durationWords = 'expected a duration such as 30s, 5m or 1h30m (at most 400d)'

/** A duration in the file: written `5m`, read as milliseconds. */
export const Duration = z.codec(
  z
    .string({ error: durationWords })
    .refine((text) => parseDuration(text) !== undefined, { error: durationWords })
    .meta({
      title: 'duration',
      description: 'A duration such as `30s`, `5m` or `1h30m`.',
      examples: ['30s', '5m'],
    }),
  z.number(),
  { decode: (text) => parseDuration(text) ?? 0, encode: writeDuration },
)

const percentText = /^\d+(\.\d+)?%$/
const percentWords = 'expected a percentage between 0% and 100%, such as 5%'
const weightWords = 'expected a share of the traffic between 0% and 100% in steps of 0.01%, such as 5%'

/** A duration of more than nothing. */
export const Interval = Duration.refine((ms) => ms > 0, { error: 'expected more than 0s' })

/** A percentage in the file: written `5%` (or `5`), read as percent 0–100. */
export const Percent = z.codec(
  z
    .union([z.number(), z.string()], { error: percentWords })
    .refine(
      (value) => {
        const percent =
          typeof value === 'number' ? value : percentText.test(value) ? Number(value.slice(0, -1)) : Number.NaN
        return percent >= 0 && percent <= 100
      },
      { error: percentWords },
    )
    .meta({ title: 'percentage', description: 'A percentage such as `5%` or `0.01%`.', examples: ['5%', '0.5%'] }),
  z.number(),
  {
    decode: (value) => (typeof value === 'number' ? value : Number(value.slice(0, -1))),
    encode: (percent) => `${percent}%`,
  },
)

/** A share of the traffic: a percentage in steps of 0.01 %, read as basis points 0–10000. */
export const Weight = z.codec(
  z
    .union([z.number(), z.string()], { error: weightWords })
    .refine(
      (value) => {
        const percent =
          typeof value === 'number' ? value : percentText.test(value) ? Number(value.slice(0, -1)) : Number.NaN
        return percent >= 0 && percent <= 100 && Math.abs(percent * 100 - Math.round(percent * 100)) < 1e-9
      },
      { error: weightWords },
    )
    .meta({
      title: 'share',
      description: 'A share of the traffic, such as `5%`; steps of 0.01 %.',
      examples: ['5%', '0.01%'],
    }),
  z.number(),
  {
    decode: (value) => Math.round((typeof value === 'number' ? value : Number(value.slice(0, -1))) * 100),
    encode: (weightBp) => `${weightBp / 100}%`,
  },
)

/** Names of services and versions: they become parts of headers, file names and journal streams. */
export const Name = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, {
    error: 'expected a name of letters, digits, ".", "_" or "-" (at most 63, starting with a letter or digit)',
  })
  .meta({ description: 'Letters, digits, `.`, `_`, `-`; at most 63.' })
