import type { RoutingTable } from '@serin/core'
import type { GatewayOptions } from '../gateway.ts'
import type { Addresses } from '../transport/listen-at.ts'
import type { Batch } from './batch.ts'

/** A table and the number under which parent and workers speak of it. */
export interface NumberedTable {
  readonly number: number
  readonly table: RoutingTable
}

/** What a worker is to be: the options of the gateway, with a port that is known. */
export interface Duty extends Omit<GatewayOptions, 'log' | 'unitCapacity'> {
  /** Among how many the traffic is shared. */
  readonly workers: number
  readonly boot: string
  /** Says who runs: not this worker's parent any more, when another boot is in it. */
  readonly identityFile: string
}

/** What a parent says. */
export type Order =
  | { readonly kind: 'begin'; readonly duty: Duty; readonly inForce: NumberedTable | null }
  | { readonly kind: 'follow'; readonly inForce: NumberedTable }
  | { readonly kind: 'ask'; readonly question: number }
  | { readonly kind: 'reload' }
  | { readonly kind: 'leave'; readonly deadlineMs: number }

/** What a worker says. */
export type Word =
  | { readonly kind: 'ready' }
  | ({ readonly kind: 'serving' } & Addresses)
  | ({ readonly kind: 'unable' } & Unable)
  | { readonly kind: 'follows'; readonly number: number }
  | { readonly kind: 'records'; readonly batch: Batch }
  | ({ readonly kind: 'told'; readonly question: number } & Told)
  | { readonly kind: 'left'; readonly cutOff: number }

/** Why it cannot serve, as Node says it. */
export interface Unable {
  readonly message: string
  readonly code: string | null
  readonly listener: 'preview' | null
}

/** What a worker knows and its records do not say. */
export interface Told {
  readonly inFlightByEndpoint: Readonly<Record<string, number>>
  readonly problems: readonly string[]
}
