import type { openGateway } from '@serin/drivers/router/gateway'
import type { openNginx } from '@serin/drivers/router/nginx'
import type { TrafficRouter } from '@serin/kit'
import { Service } from '@serin/spec'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'

const spec = Service.decode({
  listen: 0,
  workload: { kind: 'endpoints' },
  versions: { v1: { endpoints: ['http://127.0.0.1:1'] } },
  stable: 'v1',
})

/** A router of a service `web`, on a free port and without a control plane; released after the test. */
export async function openBareRouter(
  t: TestContext,
  open: typeof openNginx | typeof openGateway,
): Promise<TrafficRouter> {
  const directory = mkdtempSync(join(tmpdir(), 'serin-router-'))
  const clock = { now: () => Date.now(), sleep: async (ms: number) => await sleep(ms) }
  const router = await open({ service: 'web', spec, baseDirectory: '/', stateDirectory: directory, clock, listen: 0 })
  t.after(async () => {
    await router.release(AbortSignal.timeout(10_000))
    rmSync(directory, { recursive: true, force: true })
  })
  return router
}
