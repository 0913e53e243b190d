import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import { dashboardFiles } from '@serin/dashboard'
import { api, type MetricReading, type Rollout, ServiceStatus } from '@serin/spec'

/** A control plane that only speaks: many services whose figures change whenever it is told to. For measuring the page, not for proving it. */
export interface Feed extends AsyncDisposable {
  readonly url: string
  /** Sends new figures of every service. */
  beat(): void
}

/** How much it has to tell. */
export interface FeedOptions {
  readonly services: number
  readonly metrics: number
  readonly rollouts: number
}

/** Opens a feed on a free port of this machine. */
export async function openFeed(options: FeedOptions): Promise<Feed> {
  const files = await dashboardFiles()
  const streams = new Set<ServerResponse>()
  let turn = 0
  // What it says is what a control plane could say.
  ServiceStatus.parse(statusOf(0, 1, options.metrics))
  const all = () => Array.from({ length: options.services }, (_each, i) => statusOf(i, turn, options.metrics))
  const rollouts = Array.from({ length: options.rollouts }, (_each, i) => pastRollout(options.rollouts - i))
  const answers: Readonly<Record<string, (query: URLSearchParams) => unknown>> = {
    '/v1/whoami': () => ({ actor: 'ada', role: 'admin', may: Object.keys(api), version: '0', dataDirectory: '/d' }),
    '/v1/journal': () => ({ entries: [] }),
    '/v1/services': () => ({ services: all() }),
    '/v1/session': () => ({ session: 'page' }),
    '/v1/rollouts': (query) => {
      const begin = rollouts.findIndex(({ id }) => id === query.get('before')) + 1
      return { rollouts: rollouts.slice(begin, begin + Number(query.get('limit'))) }
    },
  }
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://feed')
    const answer = answers[pathname] ?? (pathname.endsWith('/history') ? () => ({ points: [] }) : undefined)
    if (pathname === '/v1/events') {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write(': hello\n\n')
      streams.add(response)
      response.on('close', () => streams.delete(response))
    } else if (answer !== undefined) {
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer(searchParams)))
    } else {
      const file = files.get(pathname.replace('/assets/', '')) ?? files.get('index.html')
      response.writeHead(200, { 'content-type': file?.type, 'content-encoding': 'gzip' }).end(file?.gzip)
    }
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return {
    url: `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`,
    beat() {
      turn += 1
      const text = all().map((status) => `event: service\ndata: ${JSON.stringify(status)}\n\n`)
      for (const stream of streams) stream.write(text.join(''))
    },
    async [Symbol.asyncDispose]() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

function readingOf(i: number, turn: number): MetricReading {
  const width = 40 / Math.sqrt(turn + 4)
  const difference = Math.sin(turn / 9 + i)
  return {
    name: `metric ${i}`,
    kind: 'observation',
    role: 'guardrail',
    verdict: i === 0 ? 'undecided' : 'safe',
    stable: 5,
    canary: 5 + difference,
    difference,
    interval: [difference - width, difference + width],
    intervalOf: 'difference',
    unit: 'percent',
    allowed: 10,
    harm: { logE: Math.sin(turn) - 1, threshold: 6 },
    safety: { logE: turn / 100, threshold: 3 },
    counts: { stable: turn * 90, canary: turn * 10, stableEvents: turn, canaryEvents: turn },
    exact: false,
    missing: [],
    sentence: `metric ${i}: 5.3 % on canary (${turn} of ${turn * 10}) against 5.0 % on stable. Not decided yet.`,
  }
}

function rolloutOf(service: string, number: number, turn: number, metrics: number): Rollout {
  const at = Date.now()
  return {
    id: `${service}-${number}`,
    service,
    number,
    strategy: 'canary',
    stable: 'v1',
    canary: 'v2',
    steps: [5, 25, 50].map((percent) => ({ weightBp: percent * 100, holdMs: 60_000, pause: false })),
    attempt: 1,
    phase: 'watching',
    step: 1,
    askedBp: 2_500,
    inForceBp: 2_500,
    reason: null,
    by: 'ada',
    why: 'for a picture',
    sentence: `Watching v2 at 25 %. No harm seen; turn ${turn}.`,
    gate: null,
    hotfix: false,
    rivals: [],
    evidenceMs: 10_000,
    exposedUnits: turn,
    exposedRequests: turn,
    startedAt: at - turn * 1_000,
    firstTrafficAt: at - turn * 1_000,
    decidedAt: null,
    lastCanaryRequestAt: at,
    endedAt: null,
    judgement: {
      at,
      verdict: 'undecided',
      health: 'ok',
      sentence: 'No harm seen.',
      forWeightBp: 5_000,
      harm: { logE: 0, threshold: 6, leading: 'metric 0' },
      units: { stable: turn * 90, canary: turn * 10 },
      srm: { logE: -1, threshold: 7 },
      metrics: Array.from({ length: metrics }, (_each, i) => readingOf(i, turn)),
    },
  }
}

function pastRollout(number: number): Rollout {
  const whole = rolloutOf('shop', number, number, 1)
  return { ...whole, phase: 'promoted', step: null, endedAt: whole.startedAt + 60_000 }
}

function statusOf(i: number, turn: number, metrics: number): ServiceStatus {
  const name = `service-${i}`
  const version = (version: string, role: 'stable' | 'canary', askedBp: number): ServiceStatus['versions'][number] => ({
    name: version,
    role,
    workload: 'ready',
    failure: null,
    replicas: [],
    askedBp,
    inForceBp: askedBp,
    splitPercent: askedBp / 100 + Math.sin(turn),
    inFlight: turn % 7,
    live: { requestsPerSecond: askedBp + 9 * Math.sin(turn), successPercent: 99.5, p50Ms: 9, p95Ms: 40, p99Ms: 90 },
  })
  return {
    name,
    address: null,
    preview: null,
    stable: 'v1',
    rollout: rolloutOf(name, 1, turn, metrics),
    queue: [],
    freeze: null,
    versions: [version('v1', 'stable', 7_500), version('v2', 'canary', 2_500)],
    trouble: [],
  }
}
