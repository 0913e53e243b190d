import { parseWorldFile, worldNames, type WorldName } from '@serin/spec'
import { withRate, worldOf, type World } from './world.ts'

/** What the worlds have in common: twenty requests per second from eight thousand users, of which 0.4 % fail. */
const users = '{ count: 8000 }'

const texts = {
  healthy: `users: ${users}`,
  'errors-doubled': `users: ${users}\ncanary: { errors: x2 }`,
  slower: `users: ${users}\ncanary: { latency: x1.5 }`,
  dead: `users: ${users}\ncanary: { errors: 100% }`,
  drift: `users: ${users}\ndrift: { errors: x2.5, over: 2h }`,
  'late-onset': `users: ${users}\ncanary: { errors: x5 }\nonset: 30m`,
  'low-traffic': `users: { count: 400 }\ntraffic: { rate: 0.5 }`,
} as const satisfies Readonly<Record<WorldName, string>>

const usualRate = 20

/** A world by its name, or undefined. At another rate there are as many more users, and of little traffic it has the same part. */
export function worldNamed(name: string, requestsPerSecond: number = usualRate): World | undefined {
  const known = worldNames.find((candidate) => candidate === name)
  if (known === undefined) return undefined
  const world = worldOf(parseWorldFile(`world: v1\n${texts[known]}`, name), name)
  return withRate(world, (world.requestsPerSecond * requestsPerSecond) / usualRate)
}
