import type { ArgumentSpec, OptionSpec } from './command.ts'

/** Why somebody acts; in the journal for ever. */
export const whyOption = {
  value: 'reason',
  description: 'Reason, for the journal.',
} as const satisfies OptionSpec

/** How long to wait. */
export const timeoutOption = {
  value: 'time',
  description: 'How long to wait, such as 90s, 30m or 1h30m.',
  default: '30m',
} as const satisfies OptionSpec

/** A rollout by its id, or the latest of a service. */
export const rolloutArgument = {
  description: 'A rollout by its id, or a service: its latest rollout.',
  completes: 'rollouts',
} as const satisfies ArgumentSpec

/** A rollout, or a coupled release by its id. */
export const rolloutOrReleaseArgument = {
  description: 'A rollout by its id, a service (its latest rollout), or a coupled release such as release:1.',
  completes: 'targets',
} as const satisfies ArgumentSpec

/** A service. */
export const serviceArgument = { description: 'The service.', completes: 'services' } as const satisfies ArgumentSpec
