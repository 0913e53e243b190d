/** Takes the pictures of the docs, with real processes under load: `npm run pictures [FOLDER]`. Takes about two minutes. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Client } from '@serin/sdk'
import { openBrowser, type BrowserOptions } from '../harness/browser.ts'
import { ControlPlane } from '../harness/control-plane.ts'
import { startLoad, type Load } from '../harness/load.ts'
import { servicesFile, type ServiceFileOptions } from '../harness/service-file.ts'
import { until } from '../harness/until.ts'
import { logIn, urlOf } from './log-in.ts'

const folder = process.argv[2] ?? fileURLToPath(new URL('../../../docs/images/', import.meta.url))
const steps = (hold: string) =>
  `{ kind: canary, steps: [{ weight: 5%, hold: 5s }, { weight: 25%, hold: ${hold} }, { weight: 50%, hold: 1h }] }`
const metrics =
  'errors: { kind: errors, marginAbsolute: 10% }, latency: { kind: latency, quantile: 90, margin: 100% }, refunds: { kind: observation, better: lower, marginAbsolute: 10% }'

function wanted(strategy: string, canary: string): ServiceFileOptions {
  const versions = { v1: '{ env: { SLOW_MS: "14", FAIL_RATIO: "0.02" } }', v2: canary }
  return { strategy, replicas: 1, versions, readyWithin: '60s', more: `    metrics: { ${metrics} }\n    drain: 2s\n` }
}

/** A little faster than v1, so that a machine that has much else to do does not make it worse. */
const good = '{ env: { SLOW_MS: "9", FAIL_RATIO: "0.02" } }'
const services = {
  checkout: wanted(steps('1h'), good),
  search: wanted(
    '{ kind: canary, steps: [{ weight: 10%, hold: 2s, gates: [{ kind: approval, people: 2, name: product }] }, { weight: 50%, hold: 1h }] }',
    good,
  ),
  payments: wanted(steps('1h'), '{ env: { SLOW_MS: "14", FAIL_RATIO: "0.34" } }'),
  accounts: wanted(
    '{ kind: canary, steps: [{ weight: 5%, hold: 3m }, { weight: 25%, hold: 5m }, { weight: 50%, hold: 10m }] }',
    good,
  ),
}

/** What the pictures show, what has to be seen before one is taken, and the part of the page it is of; without one: what fits the screen. */
const pictures: readonly (readonly [name: string, path: string, look: BrowserOptions, sign: string, part?: string])[] =
  [
    ['services', '/', {}, '.service'],
    ['rollout', '/services/checkout', {}, '.tile'],
    ['rollout-dark', '/services/checkout', { theme: 'dark' }, '.tile'],
    ['rolled-back', '/rollouts/payments-1', { height: 960 }, '.replay'],
    ['gates', '/gates', { height: 400 }, '.gate'],
    ['phone', '/services/checkout', { width: 390, height: 844 }, '.tile'],
    ['chinese', '/services/checkout', { language: 'zh-CN' }, '.tile'],
    ['plan', '/services/accounts/plan?to=v2', {}, '.plan-picture'],
    ['simulation', '/services/accounts/plan?to=v2', {}, '.simulated', '.simulation'],
  ]

const dataDirectory = mkdtempSync(join(tmpdir(), 'serin-pictures-'))
const controlPlane = new ControlPlane(dataDirectory)
const loads: Load[] = []
const ending = new AbortController()
try {
  const client = await controlPlane.start()
  await client.applyFile({ text: servicesFile(services), baseDirectory: dataDirectory })
  for (const name of Object.keys(services)) loads.push(await loadOn(name, client))
  const pushing = push(client)
  await sleep(8_000)
  await client.release({ service: 'search', to: 'v2', why: 'ranking 7' })
  await client.release({ service: 'payments', to: 'v2', why: 'fewer round trips' })
  await client.release({ service: 'checkout', to: 'v2', why: 'one page instead of three' })
  await until(
    'payments to be rolled back',
    async () => (await client.getRollout({ rollout: 'payments' })).endedAt !== null,
  )
  await until(
    'checkout to have evidence at 25 %',
    async () => {
      const { step, judgement, endedAt, sentence } = await client.getRollout({ rollout: 'checkout' })
      if (endedAt !== null) throw new Error(sentence)
      return step === 1 && judgement !== null && judgement.units.canary > 500
    },
    240_000,
  )
  await simulated(client)
  mkdirSync(folder, { recursive: true })
  for (const [name, path, look, sign, part] of pictures) await take({ name, path, look, sign, part, client })
  ending.abort()
  await pushing
} finally {
  ending.abort()
  for (const load of loads) await load[Symbol.asyncDispose]()
  await controlPlane.end()
  rmSync(dataDirectory, { recursive: true, force: true })
}

interface Picture {
  readonly name: string
  readonly path: string
  readonly look: BrowserOptions
  readonly sign: string
  readonly part: string | undefined
  readonly client: Client
}

async function take({ name, path, look, sign, part, client }: Picture): Promise<void> {
  await using browser = await openBrowser(look)
  const url = urlOf({ controlPlane })
  await logIn(browser.page, url, client)
  await browser.page.goto(`${url}${path}`)
  await browser.page.locator(sign).first().waitFor()
  // A few beats of the live strip.
  await sleep(3_000)
  const file = { path: join(folder, `dashboard-${name}.png`) }
  await (part === undefined ? browser.page.screenshot(file) : browser.page.locator(part).screenshot(file))
  console.log(`dashboard-${name}.png`)
}

/** A release of the service at rest, in a world that is well and in one that is not. */
async function simulated(client: Client): Promise<void> {
  const { id } = await client.simulate({
    service: 'accounts',
    to: 'v2',
    worlds: ['healthy', 'errors-doubled'],
    seeds: 20,
    requestsPerSecond: 20,
    errorPercent: 1,
  })
  const isOver = async () => (await client.getSimulation({ simulation: id })).state !== 'running'
  await until('the simulation to be over', isOver, 300_000)
}

async function loadOn(service: string, client: Client): Promise<Load> {
  const address = await until(`${service} to serve`, async () => {
    const { address: known } = await client.getService({ service })
    return known !== null && (await fetch(known)).ok ? known : null
  })
  return await startLoad(address, { rate: service === 'checkout' ? 120 : 25, users: 4_000, connections: 8 })
}

/** Every second a few customers want their money back, whatever version they had. */
async function push(client: Client): Promise<void> {
  for (let turn = 0; !ending.signal.aborted; turn += 1) {
    const observations = Array.from({ length: 150 }, (_each, i) => {
      const user = (turn * 150 + i * 7) % 4_000
      return { service: 'checkout', metric: 'refunds', unit: `u${user}`, value: user % 19 === 0 ? 1 : 0 }
    })
    await client.observe({ observations }).catch(() => undefined)
    await sleep(1_000, undefined, { signal: ending.signal }).catch(() => undefined)
  }
}
