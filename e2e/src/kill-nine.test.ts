/**
 * The control plane is killed at random moments of a rollout (a hundred in the long form, SERIN_LONG=1), with real processes: traffic never stops, what was
 * acknowledged is there, the rollout goes on from its step, and no step passes without evidence.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from '@serin/sdk'
import { SerinError, type Rollout } from '@serin/spec'
import { openScene, rolloutEnd } from './harness/control-plane.ts'
import { serviceFile } from './harness/service-file.ts'

const kills = Number(process.env['SERIN_KILLS'] ?? (process.env['SERIN_LONG'] === '1' ? 100 : 16))
const holdMs = 10_000
const file = serviceFile({
  // While nobody is there to see it, it is not ready: most of the time.
  readyWithin: '120s',
  strategy:
    '{ kind: canary, steps: [{ weight: 10%, hold: 10s }, { weight: 30%, hold: 10s }, { weight: 50%, hold: 10s }] }',
  // What is proved here is that nothing is lost; how fast the machine is on the day must not decide when a rollout ends.
  more: '    metrics: { errors: { kind: errors } }\n',
})

test(`kill -9 of the control plane at ${kills} random moments loses nothing`, { timeout: 600_000 }, async (t) => {
  await using scene = await openScene({ file, load: { rate: 300, users: 20_000 } })
  const { client, load, controlPlane } = scene
  await client.release({ service: 'web', to: 'v2', why: 'to be killed' })

  const acknowledged: string[] = []
  let seen = await client.getRollout({ rollout: 'web' })
  for (let kill = 0; kill < kills; kill += 1) {
    if (kill > 0) controlPlane.launch()
    // One in four is killed while it starts, the others while they work or obey.
    const starting = kill % 4 === 3
    let killed = starting ? sleep(Math.random() * 700).then(() => controlPlane.kill()) : null
    try {
      const now = await controlPlane.client()
      killed ??= sleep(Math.random() * 800).then(() => controlPlane.kill())
      seen = await checked(now, seen, acknowledged)
      for (;;) {
        const why = `kill ${kill}, command ${acknowledged.length}`
        await obeyed(now, why)
        acknowledged.push(why)
        await sleep(Math.random() * 200)
      }
    } catch (error) {
      // The end of every round: the process is gone under the call.
      if (error instanceof assert.AssertionError) throw error
    }
    await killed
  }
  assert.ok(acknowledged.length >= kills / 4, `only ${acknowledged.length} commands were acknowledged`)

  const last = await controlPlane.start()
  seen = await checked(last, seen, acknowledged)
  if (seen.phase === 'holding') await last.resume({ rollout: 'web', why: 'go on' })

  await load.change({ rate: 0 })
  await sleep(2_000)
  const silent = await last.getRollout({ rollout: 'web' })
  await sleep(4_000)
  const later = await last.getRollout({ rollout: 'web' })
  assert.equal(later.evidenceMs, silent.evidenceMs, 'evidence time stands still while nothing is asked')
  assert.equal(later.step, silent.step)

  await load.change({ rate: 300 })
  const end = await rolloutEnd(last, 180_000)
  assert.equal(end.phase, 'promoted', end.sentence)
  await stepsHadEvidence(last, end)
  assert.equal((await last.verifyJournal({})).ok, true)

  const counted = await load.stop()
  t.diagnostic(
    `${kills} kills, ${acknowledged.length} commands acknowledged, ${counted.answered} requests answered, ${counted.failed} failed`,
  )
  assert.deepEqual(counted.failures, [])
  assert.equal(counted.failed, 0)
  assert.equal(counted.answered, counted.sent)
})

/** Pauses what is watching, resumes what is held: a command that is acknowledged when this returns. */
async function obeyed(client: Client, why: string): Promise<void> {
  const { phase } = await client.getRollout({ rollout: 'web' })
  try {
    if (phase === 'holding') await client.resume({ rollout: 'web', why })
    else await client.pause({ rollout: 'web', why })
  } catch (error) {
    // Between the look and the command the rollout may have gone on by itself; that it says so is an answer too.
    if (!(error instanceof SerinError) || error.code !== 'rollout.refused') throw error
    await client.pause({ rollout: 'web', why })
  }
}

/** After a restart: nothing acknowledged is lost, and the rollout is not behind where it was. */
async function checked(client: Client, before: Rollout, acknowledged: readonly string[]): Promise<Rollout> {
  const whys = new Set<unknown>()
  for (let after = 0; ;) {
    const { entries } = await client.journal({ after, limit: 1_000 })
    for (const entry of entries) whys.add(entry.data['why'])
    if (entries.length < 1_000) break
    after = entries.at(-1)?.seq ?? after
  }
  const lost = acknowledged.filter((why) => !whys.has(why))
  assert.deepEqual(lost, [], 'acknowledged commands are in the journal')
  const now = await client.getRollout({ rollout: 'web' })
  if (now.endedAt !== null) return await next(client, now)
  if (now.id !== before.id || now.phase === 'promoting') return now
  assert.ok((now.step ?? -1) >= (before.step ?? -1), `step ${now.step} after step ${before.step}`)
  if (now.step === before.step) {
    assert.ok(now.evidenceMs >= before.evidenceMs, `evidence ${now.evidenceMs} after ${before.evidenceMs}`)
  }
  return now
}

/** A rollout that got through between the kills makes room for the next, the other way round. */
async function next(client: Client, done: Rollout): Promise<Rollout> {
  assert.equal(done.phase, 'promoted', done.sentence)
  await stepsHadEvidence(client, done)
  return await client.release({ service: 'web', to: done.stable, why: 'to be killed' })
}

/** Every step forward in the journal rests on a safe judgement and on the evidence time the step asked for. */
async function stepsHadEvidence(client: Client, { id, steps }: Rollout): Promise<void> {
  const { entries } = await client.journal({ stream: `rollout/${id}`, limit: 1_000, newest: 'true' })
  const forward = entries.filter(({ kind, data }) => kind === 'rollout.moved' && data['event'] === 'judged')
  assert.equal(forward.length, steps.length, 'one move per step')
  for (const { data } of forward) {
    assert.match(JSON.stringify(data['judgement']), /"verdict":"safe"/)
    assert.ok(Number(data['evidenceMs']) >= holdMs, `a step passed with ${String(data['evidenceMs'])} ms of evidence`)
  }
}
