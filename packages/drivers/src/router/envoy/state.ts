import type { RoutingTable } from '@serin/core'
import type { Addresses } from '../proxy/addresses.ts'
import { readStateOf } from '../proxy/read-state.ts'
import type { Host } from './clusters.ts'

/** What a control plane that comes back has to know of the Envoy it finds, and where that listens: a free port that was taken once stays. */
export interface EnvoyState extends Addresses {
  /** What it was told to listen on. */
  readonly told: Addresses
  /** Of what it is started with: one that was started by another Serin is replaced. */
  readonly program: string
  readonly table: RoutingTable | null
  /** Its copies, those that are leaving among them. */
  readonly hosts: readonly Host[]
}

/** Reads the state, or null when there is none, or none that can be read. */
export async function readState(file: string): Promise<EnvoyState | null> {
  return await readStateOf<EnvoyState>(file, ['told', 'listen', 'preview', 'program', 'table', 'hosts'])
}
