import type { Rollout, ServiceStatus } from '@serin/spec'
import { age } from './figures.ts'
import type { Paper } from './paper.ts'
import { table } from './table.ts'
import { cleanText } from './text.ts'

/** A gate that is asked now, and whose release waits for it. */
export type WaitingGate = NonNullable<Rollout['gate']> & {
  readonly service: string
  readonly rollout: string
  readonly canary: string
}

/** Gates that are asked now: those that need people first, then who has waited longest. */
export function waitingGates(services: readonly ServiceStatus[]): readonly WaitingGate[] {
  return services
    .flatMap(({ name, rollout }) =>
      rollout?.gate == null
        ? []
        : [{ service: name, rollout: rollout.id, canary: rollout.canary, ...rollout.gate, says: lastSaid(rollout) }],
    )
    .toSorted((a, b) => Number(b.people !== null) - Number(a.people !== null) || a.since - b.since)
}

/** Those gates, one line each. */
export function gateTable(gates: readonly WaitingGate[], paper: Paper, now: number): readonly string[] {
  return table<WaitingGate>(
    [
      { title: 'service', text: ({ service }) => service, style: () => 'strong' },
      { title: 'rollout', text: ({ rollout }) => rollout, drop: 2 },
      { title: 'to', text: ({ canary }) => canary, drop: 3 },
      { title: 'gate', text: ({ name }) => name },
      { title: 'kind', text: ({ kind }) => kind, drop: 1 },
      { title: 'for', align: 'right', text: ({ since }) => age(now - since) },
      { title: 'says', text: saysOf },
    ],
    gates,
    paper,
  )
}

/** What the gate that is asked waits for, or why it failed. */
export function gateText(rollout: Rollout): string {
  return rollout.gate === null ? '' : saysOf({ ...rollout.gate, says: lastSaid(rollout) })
}

/** One that has failed is asked again when the rollout goes on: until then what it said last is why. */
function lastSaid({ gate, phase, reason, why }: Rollout): string | null {
  return phase === 'holding' && reason === 'gate' ? `failed: ${why ?? ''}` : (gate?.says ?? null)
}

function saysOf({ kind, says, people, approvals }: NonNullable<Rollout['gate']>): string {
  if (people === null)
    return cleanText(says ?? (kind === 'command' || kind === 'requests' ? 'under way' : 'no answer yet'))
  const who = approvals.length === 0 ? '' : `: ${approvals.join(', ')}`
  return `${approvals.length} of ${people} ${people === 1 ? 'person' : 'people'}${who}`
}
