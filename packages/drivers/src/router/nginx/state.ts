import type { RoutingTable } from '@serin/core'
import type { Addresses } from '../proxy/addresses.ts'
import { readStateOf } from '../proxy/read-state.ts'
import type { Route } from './in-flight.ts'

/** What a control plane that comes back has to know of the nginx it finds, and where that listens: a free port that was taken once stays. */
export interface NginxState extends Addresses {
  /** What it was told to listen on. */
  readonly told: Addresses
  readonly evidencePort: number
  readonly evidenceKey: string
  readonly table: RoutingTable | null
  /** Addresses of older tables that may still have requests under way. */
  readonly past: readonly Route[]
}

/** Reads the state, or null when there is none, or none that can be read. */
export async function readState(file: string): Promise<NginxState | null> {
  return await readStateOf<NginxState>(file, [
    'told',
    'listen',
    'preview',
    'evidencePort',
    'evidenceKey',
    'table',
    'past',
  ])
}
