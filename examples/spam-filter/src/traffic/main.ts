/**
 * The traffic as a process of its own, so that it takes no time from what it measures. Prints a report as one line of JSON every second and a
 * last one at the end. Ends at SIGTERM, SIGINT, or when its standard input does: it never outlives who started it.
 */
import { parseArgs } from 'node:util'
import { readMessages } from '../messages/messages.ts'
import { TrafficGenerator } from './generator.ts'

const usage =
  'usage: node main.ts --gateway URL [--control-plane URL, and its token in SERIN_TOKEN] [--rate N] [--users N] [--seed N] [--timeout-ms N]'

const { values } = parseArgs({
  options: {
    gateway: { type: 'string' },
    'control-plane': { type: 'string' },
    rate: { type: 'string', default: '300' },
    users: { type: 'string', default: '1500' },
    seed: { type: 'string', default: '1' },
    'timeout-ms': { type: 'string', default: '10000' },
  },
})
const { gateway, 'control-plane': controlPlane } = values
const token = process.env['SERIN_TOKEN']
const numbers = [values.rate, values.users, values.seed, values['timeout-ms']].map(Number)
if (gateway === undefined || (controlPlane !== undefined && token === undefined) || !numbers.every((n) => n > 0)) {
  console.error(usage)
  process.exit(64)
}
const [requestsPerSecond = 0, users = 0, seed = 0, timeoutMs = 0] = numbers

const generator = new TrafficGenerator({
  gateway,
  labels:
    controlPlane === undefined || token === undefined ? null : { url: controlPlane, token, delayMs: [2_000, 4_000] },
  messages: readMessages().heldOut,
  requestsPerSecond,
  users,
  prefix: `u${Date.now().toString(36)}`,
  seed,
  timeoutMs,
})
const print = (report: object) => process.stdout.write(`${JSON.stringify(report)}\n`)
const reporting = setInterval(() => print(generator.report()), 1_000)
generator.start()

let stopping = false
async function stop(): Promise<void> {
  if (stopping) return
  stopping = true
  clearInterval(reporting)
  print(await generator.stop())
  process.stdin.destroy()
}
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void stop())
process.stdin.on('end', () => void stop()).resume()
process.stdout.on('error', () => process.exit(1))
