/** Simulations in a real control plane, in a real thread. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { play, policyOf, summaryOf, withErrors, worldNamed } from '@serin/simulate'
import { api, parseServiceFile, SimulationAsked, type Service, type SimulationJob } from '@serin/spec'
import { ControlPlane, type Answer } from '../testing/control-plane.ts'
import { SimulationDesk } from './desk.ts'

const strategy = '{ kind: canary, deadline: 20m, steps: [{ weight: 20%, hold: 30s }, { weight: 50%, hold: 30s }] }'
const quick = { to: 'v2', worlds: ['dead', 'healthy'], seeds: 2, seed: 7, hours: 0.05, requestsPerSecond: 8 }
/** So much that no test waits for its end. */
const endless = { to: 'v2', worlds: ['healthy'], seeds: 1_000, hours: 100 }

const codeOf = ({ json }: Answer) => (json as { code?: unknown }).code

async function begun(plane: ControlPlane, body: object): Promise<SimulationJob> {
  const answer = await plane.call('POST', '/v1/services/shop/simulations', { body })
  assert.equal(answer.status, 200, answer.text)
  return api.simulate.response.parse(answer.json)
}

async function jobOf(plane: ControlPlane, id: string): Promise<SimulationJob> {
  const { json } = await plane.call('GET', `/v1/simulations/${id}`)
  assert.deepEqual(api.getSimulation.response.parse(json), json)
  return json as SimulationJob
}

test('what it shows is what the same releases show elsewhere, per world', async () => {
  await using plane = new ControlPlane()
  await plane.start()
  await plane.shop({ strategy })
  const { id } = await begun(plane, { ...quick, errorPercent: 1 })
  await plane.until('it is done', async () => (await jobOf(plane, id)).state !== 'running')
  const job = await jobOf(plane, id)
  assert.deepEqual([job.state, job.failure, job.done, job.of, job.by], ['done', null, 4, 4, 'admin'])
  const spec = parseServiceFile(await plane.file({ strategy })).services['shop'] as Service
  const policy = policyOf('shop', spec, 'v2')
  const expected = quick.worlds.map((name) => {
    const world = worldNamed(name, 8)
    assert.ok(world !== undefined)
    const changed = withErrors(world, 0.01)
    const runs = Array.from({ length: 2 }, (_each, i) => play(policy, changed, 7 + i, 180_000))
    const { runs: _runs, ...shown } = summaryOf(policy, changed, runs, { hours: 0.05 })
    return shown
  })
  assert.deepEqual(job.simulations, expected)
  assert.deepEqual(
    job.simulations.map(({ shares }) => [shares['rolled-back'].runs, shares.undecided.runs]),
    [
      [2, 0],
      [0, 2],
    ],
  )
  const listed = await plane.call('GET', '/v1/simulations?service=shop')
  assert.deepEqual(listed.json, { simulations: [job] })
  assert.deepEqual((await plane.call('GET', '/v1/simulations?service=mail')).json, { simulations: [] })
})

test('there is one at a time; cancelled it keeps what was played, and the control plane answers meanwhile', async () => {
  await using plane = new ControlPlane()
  await plane.start()
  await plane.shop({ strategy })
  const { id } = await begun(plane, endless)
  await plane.until('something was played', async () => (await jobOf(plane, id)).done > 0)
  if (process.platform === 'linux') assert.ok(threadNiceness().includes(10), 'it gives way to rollouts')
  const other = await plane.call('POST', '/v1/services/shop/simulations', { body: quick })
  assert.equal(codeOf(other), 'simulation.under-way')
  assert.match(other.text, /is under way for admin: shop to v2, \d+ of 1000 releases/)
  const cancelled = await plane.call('POST', `/v1/simulations/${id}/cancel`, { body: {} })
  const job = cancelled.json as SimulationJob
  assert.deepEqual([job.state, job.simulations[0]?.seeds], ['cancelled', job.done])
  assert.ok(job.done > 0 && job.done < 1_000)
  assert.deepEqual((await plane.call('POST', `/v1/simulations/${id}/cancel`, { body: {} })).json, job)
})

test('what cannot be simulated is said, and begins nothing', async () => {
  await using plane = new ControlPlane()
  await plane.start()
  await plane.shop({ strategy })
  const wrong = async (code: string, said: RegExp, body: object) => {
    const answer = await plane.call('POST', '/v1/services/shop/simulations', { body })
    assert.deepEqual([codeOf(answer), said.test(answer.text)], [code, true], answer.text)
  }
  await wrong('body.invalid', /at least one world/, { to: 'v2' })
  await wrong('body.invalid', /worlds × seeds × hours to be 100000 at most/, { ...endless, hours: 720 })
  await wrong('body.invalid', /worlds/, { ...quick, worlds: ['helthy'] })
  await wrong('version.not-found', /v9/, { ...quick, to: 'v9' })
  await wrong('rollout.refused', /v1 is the stable version/, { ...quick, to: 'v1' })
  await wrong('config.invalid', /world file/, { to: 'v2', worldFile: 'world: v1\ncanary: { errors: many }\n' })
  assert.equal(codeOf(await plane.call('GET', '/v1/simulations/simulation-9')), 'simulation.not-found')
  assert.deepEqual((await plane.call('GET', '/v1/simulations')).json, { simulations: [] })
  const own = await begun(plane, { to: 'v2', worldFile: 'world: v1\ncanary: { errors: 100% }\n', seeds: 1 })
  await plane.until('it is done', async () => (await jobOf(plane, own.id)).state === 'done')
  assert.equal((await jobOf(plane, own.id)).simulations[0]?.world, 'world file')
})

test('one that takes too long is ended, nobody begins too many, and only the last are remembered', async () => {
  const text = `serin: v1\nservices: { shop: { listen: 0, workload: { kind: endpoints }, stable: v1, strategy: ${strategy}, versions: { v1: { endpoints: ["http://127.0.0.1:1"] }, v2: { endpoints: ["http://127.0.0.1:2"] } } } }`
  const spec = parseServiceFile(text).services['shop'] as Service
  let now = 1_000
  const desk = new SimulationDesk(() => now, 300)
  const wanted = { service: 'shop', spec, asked: SimulationAsked.parse(endless) }
  const { id } = desk.begin({ ...wanted, by: 'ada' })
  const end = Date.now() + 60_000
  while (desk.get(id).state === 'running' && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 20))
  assert.equal(desk.get(id).state, 'timed-out')
  for (let i = 0; i < 9; i += 1) desk.cancel(desk.begin({ ...wanted, by: 'ada' }).id)
  assert.throws(() => desk.begin({ ...wanted, by: 'ada' }), /ada has begun 10 simulations in a minute/)
  for (let i = 0; i < 11; i += 1) {
    now += 10_000
    desk.cancel(desk.begin({ ...wanted, by: 'bob' }).id)
  }
  assert.equal(desk.list().length, 20)
  assert.throws(() => desk.get(id), /no simulation called/)
  desk.begin({ ...wanted, by: 'cleo' })
  desk.close()
  assert.equal(desk.list()[0]?.state, 'cancelled')
})

/** How willingly each thread of this process gives way. */
function threadNiceness(): readonly number[] {
  return readdirSync('/proc/self/task').map((id) => {
    const [, rest = ''] = readFileSync(`/proc/self/task/${id}/stat`, 'utf8').split(') ')
    return Number(rest.split(' ')[16])
  })
}
