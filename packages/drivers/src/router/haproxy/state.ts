import type { RoutingTable } from '@serin/core'
import type { Addresses } from '../proxy/addresses.ts'
import { readStateOf } from '../proxy/read-state.ts'
import type { Server } from './servers.ts'

/** What a control plane that comes back has to know of the HAProxy it finds, and where that listens: a free port that was taken once stays. */
export interface HaproxyState extends Addresses {
  /** What it was told to listen on. */
  readonly told: Addresses
  /** Of configuration and decisions: one that was started by another Serin is replaced. */
  readonly program: string
  readonly table: RoutingTable | null
  /** The backend of each version. */
  readonly seats: Readonly<Record<string, number>>
  readonly servers: readonly Server[]
  /** Those of older tables that may still have requests under way. */
  readonly past: readonly Server[]
}

/** Reads the state, or null when there is none, or none that can be read. */
export async function readState(file: string): Promise<HaproxyState | null> {
  return await readStateOf<HaproxyState>(file, [
    'told',
    'listen',
    'preview',
    'program',
    'table',
    'seats',
    'servers',
    'past',
  ])
}
