import type { ServiceRecord } from './record.ts'
import type { Replicas } from './replicas.ts'
import type { Drift, Routes } from './routes.ts'

/** Evidence comes every second; silence of this length is worth a word. */
const silentMs = 5_000

/** Where trouble shows. */
export interface TroubleSources {
  readonly now: number
  readonly record: ServiceRecord
  readonly routes: Routes
  readonly replicas: Replicas
  readonly lastSlotAt: number | null
}

function driftWords({ asked, seen }: Drift): string {
  const shares = (weights: Drift['seen']['weights']): string =>
    Object.entries(weights)
      .map(([version, weightBp]) => `${version} ${weightBp / 100} %`)
      .join(', ')
  const [found, wanted] = [shares(seen.weights), shares(asked.weights)]
  const what = found === wanted ? `it gives ${found}, but is not as Serin wrote it` : `it gives ${found}, not ${wanted}`
  return `Somebody changed the router: ${what}. It stays so (onDrift: report), and the rollout does not go forward. Change it back, promote or abort, or say onDrift: correct.`
}

/** Sentences about what is wrong with a service right now; none when all is well. */
export function troubleOf({ now, record, routes, replicas, lastSlotAt }: TroubleSources): readonly string[] {
  const troubles: string[] = []
  if (record.trouble !== null)
    troubles.push(`${record.trouble.message} Stable keeps all traffic until it can write again.`)
  if (routes.trouble !== null) troubles.push(`The router does not take orders: ${routes.trouble}`)
  if (routes.drift !== null) troubles.push(driftWords(routes.drift))
  troubles.push(...(routes.observation?.problems ?? []))
  const { stable } = record.service
  const runs = replicas.observe(stable)
  if (runs.state === 'failed')
    troubles.push(`Stable ${stable} does not run: ${runs.failure?.message ?? 'unknown reason'}`)
  else if (runs.state === 'degraded') {
    const wanted = runs.replicas.filter(({ state }) => state !== 'leaving').length
    troubles.push(`Stable ${stable} has only ${replicas.endpoints(stable).length} of ${wanted} replicas ready.`)
  }
  if (lastSlotAt !== null && now - lastSlotAt > silentMs)
    troubles.push(`The gateway was last heard ${Math.round((now - lastSlotAt) / 1_000)} s ago.`)
  return troubles
}
