import { createHarm, LOG_ZERO, logAddExp, logSumExp, readHarm, updateHarm, type HarmState } from '@serin/stats'

/** First events of units that fall on each version. */
export interface UnitArrivals {
  readonly canary: number
  readonly stable: number
}

/** What a slot brings: arrivals counted since the rollout began and since the epoch began, and canary's share by the hash. */
export interface UnitHarmBatch {
  /** Null once the gateway has forgotten its units: a unit must not be scored twice by one process. */
  readonly whole: UnitArrivals | null
  readonly recent: UnitArrivals
  readonly share: number
  readonly newEpoch: boolean
}

/**
 * Evidence that an event is more frequent on canary, with one coin per unit: half the capital plays on all that happened since the
 * rollout began, half on epochs in which every unit is scored anew, so that harm that begins late is not hidden by a healthy past.
 * Capital moved to later starts within one count of units would be wrong: a canary that meets its users' first errors later than stable does
 * would look worse once stable's users have all been counted.
 */
export interface UnitHarm {
  readonly whole: HarmState
  readonly recent: HarmState
  /** Epochs so far, from 1. */
  readonly epochs: number
  /** ln of what the stakes of ended epochs have become. */
  readonly closed: number
}

const wholeStake = 0.5
/** Of the other half, epoch k gets 1/k − 1/(k+1): the sum is 1, and any late one keeps a fair part. */
const epochStake = (epoch: number): number => (1 - wholeStake) / (epoch * (epoch + 1))
const uninvested = (epoch: number): number => (1 - wholeStake) / (epoch + 1)

/** Starts with all capital in hand. */
export function createUnitHarm(): UnitHarm {
  const fresh = createHarm({ restarts: null })
  return { whole: fresh, recent: fresh, epochs: 1, closed: LOG_ZERO }
}

/** Plays a slot. A batch that cannot be true changes nothing. */
export function updateUnitHarm(state: UnitHarm, { whole, recent, share, newEpoch }: UnitHarmBatch): UnitHarm {
  const open = newEpoch ? closeEpoch(state) : state
  return {
    ...open,
    whole: whole === null ? open.whole : played(open.whole, whole, share),
    recent: played(open.recent, recent, share),
  }
}

/** ln of the capital: an e-process for "no unit meets the event sooner on canary than it would on stable". */
export function unitHarmLogE({ whole, recent, epochs, closed }: UnitHarm): number {
  return logSumExp([
    Math.log(wholeStake) + readHarm(whole).logE,
    closed,
    Math.log(epochStake(epochs)) + readHarm(recent).logE,
    Math.log(uninvested(epochs)),
  ])
}

/** Units that met the event on canary: in all, or in the epoch when the gateway has forgotten the others. */
export function unitsHarmed({ whole, recent }: UnitHarm): number {
  return Math.max(whole.totals.canary, recent.totals.canary)
}

function closeEpoch(state: UnitHarm): UnitHarm {
  return {
    ...state,
    closed: logAddExp(state.closed, Math.log(epochStake(state.epochs)) + readHarm(state.recent).logE),
    epochs: state.epochs + 1,
    recent: createHarm({ restarts: null }),
  }
}

function played(state: HarmState, arrivals: UnitArrivals, share: number): HarmState {
  if (arrivals.canary + arrivals.stable === 0) return state
  const updated = updateHarm(state, { ...arrivals, share })
  return updated.ok ? updated.state : state
}
