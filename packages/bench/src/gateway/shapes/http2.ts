import { execFile, spawnSync } from 'node:child_process'
import { promisify } from 'node:util'
import { medianOf } from '../../stats-cost/timing.ts'
import { smallBytes, unitCookie, unitOf } from '../load/requests.ts'
import { nginx } from '../parties/nginx.ts'
import type { Party } from '../parties/party.ts'
import { serin } from '../parties/serin.ts'
import { cpuUsOf } from '../process-cost.ts'
import { inTurns } from '../rounds.ts'
import { roundsOf, shown, valueOf } from './shape.ts'
import type { Shape, ShapeRow, ShapeTable, Stage } from './shape.ts'

const run = promisify(execFile)
const connections = 16
const streams = 10

/** HTTP/2 in front, HTTP/1.1 behind. */
export const http2: Shape = {
  name: 'http2',
  async measure(stage) {
    if (spawnSync('h2load', ['--version']).error !== undefined) {
      stage.leaveOut('HTTP/2 is left out: There is no h2load here (apt-get install nghttp2-client).')
      return []
    }
    const parties = (await stage.parties.these([nginx, serin])).filter(({ h2Port }) => h2Port !== undefined)
    return [await measureAll(stage, parties)]
  },
}

interface H2Round {
  readonly rps: number
  readonly cpuUs: number
  readonly errors: number
}

async function measureAll(stage: Stage, parties: readonly Party[]): Promise<ShapeTable> {
  const rounds = roundsOf(stage, 5)
  const requests = stage.quick ? 500 : 20_000
  const seen = parties.map((): H2Round[] => [])
  for (const party of parties) await load(party, stage.quick ? 200 : 10_000)
  for (let round = 0; round < rounds; round += 1) {
    await inTurns(round, parties, async (party, i) => {
      stage.progress(party.name, round / rounds)
      seen[i]?.push(await load(party, requests))
    })
  }
  const all = parties.map(({ name }, i) => {
    const own = seen[i] ?? []
    const errors = own.reduce((sum, one) => sum + one.errors, 0)
    return { name, rps: medianOf(own.map(({ rps }) => rps)), cpuUs: medianOf(own.map(({ cpuUs }) => cpuUs)), errors }
  })
  const other = all.find(({ name }) => name === nginx.name)
  const rows: readonly ShapeRow[] = all.map(({ name, rps, cpuUs, errors }) => ({
    name,
    values: [
      shown(rps, 0),
      shown(rps / (other?.rps ?? Number.NaN), 3),
      shown(cpuUs, 1),
      shown((other?.cpuUs ?? Number.NaN) / cpuUs, 3),
      errors,
    ],
  }))
  return {
    title: `HTTP/2 in the clear in front, HTTP/1.1 behind: ${connections} connections of ${streams} streams, answers of 13 bytes`,
    columns: ['rps', '× nginx', 'CPU µs', '× nginx', 'errors'],
    rows,
    goals: [['throughput of nginx with HTTP/2', valueOf(rows, serin.name, 1), '≥', 0.4]],
    wrong: all
      .filter(({ errors }) => errors > 0)
      .map(({ name, errors }) => `${name} gave ${errors} wrong answers over HTTP/2.`),
  }
}

async function load({ pid, h2Port = 0 }: Party, requests: number): Promise<H2Round> {
  const beforeUs = await cpuUsOf(pid)
  const { stdout } = await run('h2load', [
    `--requests=${requests}`,
    `--clients=${connections}`,
    `--max-concurrent-streams=${streams}`,
    '--connection-active-timeout=60',
    `--header=cookie: theme=dark; ${unitCookie}=${unitOf(1)}; consent=1`,
    `http://127.0.0.1:${h2Port}/products/list?page=2`,
  ])
  const cpuUs = ((await cpuUsOf(pid)) - beforeUs) / requests
  return { rps: numberIn(stdout, /, ([\d.]+) req\/s/), cpuUs, errors: wrongIn(stdout, requests) }
}

/** Every answer must be a 2xx with a body of the right length: h2load looks no further. */
export function wrongIn(said: string, requests: number): number {
  const good = Math.min(numberIn(said, /status codes: (\d+) 2xx/), numberIn(said, /(\d+) succeeded/))
  const bytes = numberIn(said, /\((\d+)\) data/)
  const wrong = Number.isNaN(good) ? requests : requests - good
  return wrong === 0 && bytes !== requests * smallBytes ? requests : wrong
}

function numberIn(said: string, pattern: RegExp): number {
  return Number(pattern.exec(said)?.[1] ?? Number.NaN)
}
