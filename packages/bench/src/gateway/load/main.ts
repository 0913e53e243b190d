/** The load and the upstreams, as a process that is told what to do over its channel: one loop for both, so that they cost as little as they can. */
import { drive } from './drive.ts'
import { pace } from './pace.ts'
import { versions } from './requests.ts'
import { openUpstream } from './upstream.ts'
import type { Said, Told } from './process.ts'

const say = (said: Said): void => {
  process.send?.(said)
}

const canary = await openUpstream(versions.canary)
const stable = await openUpstream(versions.stable)

process.on('message', (told: Told) => {
  void obey(told).then(
    (result) => say({ result }),
    (error: unknown) => say({ failed: String(error) }),
  )
})
process.on('disconnect', () => process.exit(0))
say({ upstreams: { canary: canary.port, stable: stable.port } })

async function obey(told: Told): Promise<object> {
  return 'drive' in told ? await drive(told.port, told.drive) : await pace(told.port, told.pace)
}
