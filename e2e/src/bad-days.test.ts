/** Bad days with real processes: each ends in one clear sentence, stable keeps all traffic, and the journal says what happened. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { rmSync, statfsSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { once } from 'node:events'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { SerinError, type Rollout } from '@serin/spec'
import { openScene, rolloutEnd, type Scene } from './harness/control-plane.ts'
import { serviceFile } from './harness/service-file.ts'
import { until } from './harness/until.ts'

const strategy = '{ kind: canary, steps: [{ weight: 20%, hold: 5s }, { weight: 50%, hold: 5s }] }'
/** A cut that is crossed often, so that a healthy version gets through in seconds on a machine that was busy a moment ago. */
const metrics = '    metrics: { errors: { kind: errors }, latency: { kind: latency, quantile: 75 } }\n'
const node = process.execPath
const versions = {
  v1: '{}',
  exits: `{ command: [${JSON.stringify(node)}, -e, 'console.error("cannot reach the ledger"); process.exit(3)'] }`,
  missing: '{ command: [/nowhere/no-such-program] }',
  silent: `{ command: [${JSON.stringify(node)}, -e, 'setInterval(() => {}, 1000)'] }`,
  'fixed-port': `{ command: [${JSON.stringify(node)}, -e, 'require("node:net").createServer().listen(Number(process.env.TAKEN), "127.0.0.1")'], env: { TAKEN: "TAKEN_PORT" } }`,
  crashes: `{ env: { CRASH_AFTER_MS: "4000" } }`,
  v2: '{}',
}

void describe('bad days', () => {
  let scene: Scene
  const taken = createServer()

  before(async () => {
    taken.listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const file = serviceFile({ strategy, versions, more: metrics })
      .replace('TAKEN_PORT', String(portOf(taken)))
      .replace('within: 20s', 'within: 4s')
    scene = await openScene({ file, load: { rate: 150, users: 5_000 } })
  })

  after(async () => {
    await scene[Symbol.asyncDispose]()
    taken.close()
  })

  /** Releases a version that cannot come up; gives its rollout once it is over. */
  async function fails(version: string): Promise<Rollout> {
    const { client, load } = scene
    const { failed, byVersion } = await load.report()
    await client.release({ service: 'web', to: version })
    const rollout = await rolloutEnd(client)
    const later = await load.report()
    assert.equal(rollout.phase, 'rolled-back')
    assert.equal(rollout.reason, 'failed')
    assert.equal(later.failed, failed, later.failures.join('\n'))
    assert.equal(later.byVersion[version], byVersion[version], 'no request went to it')
    const { entries } = await client.journal({ stream: `rollout/${rollout.id}` })
    assert.ok(
      entries.some(({ data }) => data['why'] === rollout.why),
      'the journal says why',
    )
    return rollout
  }

  test('a command that exits at once: its code and its last words', async () => {
    const { why } = await fails('exits')
    assert.match(why ?? '', /exits/)
    assert.match(why ?? '', /code 3/)
    assert.match(why ?? '', /cannot reach the ledger/)
  })

  test('a program that does not exist: its name', async () => {
    assert.match((await fails('missing')).why ?? '', /no-such-program/)
  })

  test('a version that never gets ready: how long it was waited for', async () => {
    assert.match((await fails('silent')).why ?? '', /not ready within 4 s/)
  })

  test('a port that is taken: what the program said', async () => {
    assert.match((await fails('fixed-port')).why ?? '', /EADDRINUSE/)
  })

  test('a canary that crashes in mid-rollout: stable takes its share, the rollout goes back', async () => {
    const { client } = scene
    await client.release({ service: 'web', to: 'crashes' })
    const rollout = await rolloutEnd(client)
    assert.equal(rollout.phase, 'rolled-back')
    const status = await client.getService({ service: 'web' })
    assert.equal(status.versions.find(({ name }) => name === 'v1')?.inForceBp, 10_000)
  })

  test('a gateway port that is taken: the file is refused, nothing is half-made', async () => {
    const { client, dataDirectory } = scene
    const port = portOf(taken)
    const text = serviceFile({ strategy, listen: port }).replace('  web:', '  other:')
    await assert.rejects(client.applyFile({ text, baseDirectory: dataDirectory }), (error) => {
      assert.ok(error instanceof SerinError)
      assert.equal(error.code, 'gateway.port-in-use')
      assert.match(error.message, new RegExp(String(port)))
      return true
    })
    assert.deepEqual(
      (await client.listServices({})).services.map(({ name }) => name),
      ['web'],
    )
  })

  test('a typo in the file: line, what was expected, the nearest name, and nothing moves', async () => {
    const { client, dataDirectory } = scene
    const text = serviceFile({ strategy: strategy.replace('weight', 'wieght') })
    await assert.rejects(client.applyFile({ text, baseDirectory: dataDirectory, name: 'serin.yaml' }), (error) => {
      assert.ok(error instanceof SerinError)
      assert.match(error.message, /serin\.yaml:\d+:\d+: .*wieght.*Did you mean weight\?/)
      return true
    })
  })

  test('a healthy version still gets through afterwards', async () => {
    const { client } = scene
    await client.release({ service: 'web', to: 'v2' })
    const rollout = await rolloutEnd(client, 120_000)
    assert.equal(rollout.phase, 'promoted', rollout.sentence)
  })
})

const mountable = process.getuid?.() === 0 && spawnSync('mount', ['--version']).status === 0
const skip = mountable ? false : 'needs root to mount a small file system'

test(
  'a full disk: stable takes all traffic, the rollout goes back, and work goes on when there is space',
  { skip, timeout: 180_000 },
  async () => {
    await using scene = await openScene({
      file: serviceFile({ strategy: '{ kind: canary, steps: [{ weight: 20%, hold: 5m }] }' }),
      load: { rate: 150, users: 5_000 },
      prepare(directory) {
        const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', directory])
        assert.equal(mounted.status, 0, mounted.stderr.toString())
      },
      cleanUp: (directory) => spawnSync('umount', [directory]),
    })
    const { client, load, dataDirectory } = scene
    await client.release({ service: 'web', to: 'v2' })
    await until('canary to serve', async () => (await load.report()).byVersion['v2'] !== undefined)

    const { bavail, bsize } = statfsSync(dataDirectory)
    const ballast = join(dataDirectory, 'ballast')
    // More than there is: what fits is written, the rest is refused.
    spawnSync('dd', ['if=/dev/zero', `of=${ballast}`, 'bs=64k', `count=${Math.ceil((bavail * bsize) / 65_536) + 10}`])
    const troubled = await until('the trouble to show', async () => {
      const status = await client.getService({ service: 'web' })
      return status.trouble.some((line) => /full/.test(line)) ? status : null
    })
    assert.match(troubled.trouble.join(' '), /Stable keeps all traffic/)
    await until('stable to have everything', async () => {
      const { versions: all } = await client.getService({ service: 'web' })
      return all.find(({ name }) => name === 'v1')?.inForceBp === 10_000
    })
    await assert.rejects(
      client.promote({ rollout: 'web' }),
      (error) => error instanceof SerinError && error.code === 'store.full',
    )

    rmSync(ballast)
    const rollout = await rolloutEnd(client)
    assert.equal(rollout.phase, 'rolled-back')
    const { entries } = await client.journal({ limit: 1_000 })
    assert.ok(entries.some(({ kind }) => kind === 'store.recovered'))
    assert.equal((await client.verifyJournal({})).ok, true)
    const counted = await load.stop()
    assert.deepEqual(counted.failures, [])
  },
)

function portOf(server: Server): number {
  const address = server.address()
  return address !== null && typeof address !== 'string' ? address.port : 0
}
