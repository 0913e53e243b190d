import type { RoutingTable } from '@serin/core'
import { startGateway } from '@serin/gateway'
import type { Gateway } from '@serin/gateway'
import { once } from 'node:events'
import { Agent, createServer, request } from 'node:http'
import type { IncomingHttpHeaders, Server } from 'node:http'
import { medianOf } from '../stats-cost/timing.ts'
import { versions } from './load/requests.ts'
import { ownDirectory } from './parties/end-with-us.ts'
import { benchTable } from './parties/table.ts'

/** What a change of weights takes. */
export interface Switches {
  /** From a table in memory to the moment from which every decision follows it: checked, compiled, swapped. */
  readonly applyUs: number
  /** From the table sent over a kept connection of the admin port to the answer that it is in force, and on disk, synced. */
  readonly ackUs: number
  /** The same from the table sent to the answer of a request sent behind it, without waiting for that of the table: what anybody sees of a change. */
  readonly seenUs: number
  /** Requests sent after a change was acknowledged whose version is still that of before. */
  readonly stale: number
}

/** Changes who gets everything, back and forth, and asks after each change. */
export async function measureSwitches(rounds: number): Promise<Switches> {
  const state = await ownDirectory('switches')
  const servers = [await upstream(), await upstream()] as const
  const agent = new Agent({ keepAlive: true })
  try {
    const [canary, stable] = servers.map(portOf) as [number, number]
    const base = { ...benchTable({ canary, stable }), rules: [] }
    const options = { service: base.service, host: '127.0.0.1', port: 0, stateDirectory: state.path }
    const gateway = await startGateway(options)
    try {
      return await takeTurns(gateway, base, { agent, rounds })
    } finally {
      await gateway.drain(0)
    }
  } finally {
    agent.destroy()
    for (const server of servers) server.close().closeAllConnections()
    await state.remove()
  }
}

async function takeTurns(
  gateway: Gateway,
  base: RoutingTable,
  { agent, rounds }: { readonly agent: Agent; readonly rounds: number },
): Promise<Switches> {
  const { address, adminPort, token } = gateway.identity
  const admin = `http://127.0.0.1:${adminPort}/routing`
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  const put = async (table: RoutingTable): Promise<IncomingHttpHeaders> =>
    await exchange(agent, admin, { method: 'PUT', headers, body: JSON.stringify(table) })
  const servedBy = async (): Promise<unknown> => (await exchange(agent, address, {}))['serin-version']
  const taken: Record<'apply' | 'ack' | 'seen', number[]> = { apply: [], ack: [], seen: [] }
  let stale = 0
  let revision = 0
  const next = (): RoutingTable => switched(base, (revision += 1))
  await gateway.apply(next())
  for (let round = 0; round < rounds; round += 1) {
    let startMs = performance.now()
    const applied = gateway.apply(next())
    taken.apply.push(performance.now() - startMs)
    await applied
    startMs = performance.now()
    await put(next())
    taken.ack.push(performance.now() - startMs)
    if ((await servedBy()) !== versionAt(revision)) stale += 1
    startMs = performance.now()
    const acknowledged = put(next())
    while ((await servedBy()) !== versionAt(revision));
    taken.seen.push(performance.now() - startMs)
    await acknowledged
    if ((await servedBy()) !== versionAt(revision)) stale += 1
  }
  const us = (times: readonly number[]): number => 1_000 * medianOf(times)
  return { applyUs: us(taken.apply), ackUs: us(taken.ack), seenUs: us(taken.seen), stale }
}

const versionAt = (revision: number): string => (revision % 2 === 0 ? versions.canary : versions.stable)

/** All to the one version at even revisions, all to the other at odd ones. */
function switched(base: RoutingTable, revision: number): RoutingTable {
  const arms = base.arms.map((arm) => ({ ...arm, weightBp: arm.version === versionAt(revision) ? 10_000 : 0 }))
  return { ...base, revision, arms }
}

async function exchange(
  agent: Agent,
  url: string,
  { body, ...options }: { readonly method?: string; readonly headers?: Record<string, string>; readonly body?: string },
): Promise<IncomingHttpHeaders> {
  return await new Promise((resolve, reject) => {
    const sent = request(url, { agent, ...options }, (response) => {
      response.resume().on('end', () => {
        if (response.statusCode === 200) resolve(response.headers)
        else reject(new Error(`${url} answered with ${response.statusCode}`))
      })
    })
    sent.on('error', reject).end(body)
  })
}

async function upstream(): Promise<Server> {
  const server = createServer((_request, response) => response.end('ok')).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

function portOf(server: Server): number {
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}
