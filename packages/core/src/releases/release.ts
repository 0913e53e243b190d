import type { HoldReason, Phase, RollbackReason } from '../machine/state.ts'

/** Whether members follow each other or go all at once. */
export type ReleaseOrder = 'sequence' | 'together'

/** Where a coupled release is. */
export type ReleaseState =
  /** Members go out. */
  | 'going'
  /** A person holds it: members under way are held, and none starts. */
  | 'held'
  /** Members go back. */
  | 'reversing'
  /** Every member was promoted. */
  | 'done'
  /** Every member is at the version it came from. */
  | 'reversed'
  /** Nothing moves any more, and not every member is back: a person has to look. */
  | 'stuck'

/** Where one member is. `left`: somebody released another version of it by hand; it is let alone. `stuck`: it could not be taken back. */
export type MemberStage = 'waiting' | 'out' | 'promoted' | 'going-back' | 'back' | 'left' | 'stuck'

/** One service of a coupled release. */
export interface ReleaseMember {
  readonly service: string
  readonly to: string
  /** What was stable when the release began. */
  readonly from: string
  readonly stage: MemberStage
  /** Id of the rollout that takes it out, once there is one. */
  readonly rollout: string | null
  /** Id of the rollout that takes it back after its promotion, of the present turn. */
  readonly back: string | null
  /** Why it is where it is, when somebody may ask. */
  readonly why: string
}

/** Several services that are released as one. */
export interface Release {
  readonly id: string
  readonly number: number
  readonly order: ReleaseOrder
  /** Freezes do not hold it. */
  readonly hotfix: boolean
  readonly members: readonly ReleaseMember[]
  readonly state: ReleaseState
  /** How often it has begun to go back: 0 on the way out. */
  readonly turn: number
  /** Services that have still to be told of the last pause or resume. */
  readonly owed: readonly string[]
  /** Who or what brought it into its state, and why. */
  readonly by: string
  readonly why: string
  readonly startedBy: string
  readonly startedAt: number
  /** When the state was entered, ms since the epoch. */
  readonly since: number
}

/** What is seen of a rollout that belongs to the release. */
export interface RolloutSeen {
  readonly id: string
  readonly phase: Phase
  readonly reason: HoldReason | RollbackReason | null
  readonly why: string
}

/** What is seen of a member now. */
export interface MemberView {
  readonly stable: string
  /** The rollout under way, whoever started it. */
  readonly active: { readonly id: string; readonly to: string } | null
  /** The rollout with which this release takes the member out. */
  readonly out: RolloutSeen | null
  /** The rollout with which this release takes it back in the present turn. */
  readonly back: RolloutSeen | null
}

/** What is to be done to a member. Seen again it is asked again, until it has been done; when one is refused, those after it are not wanted any more. */
export type ReleaseAct =
  | { readonly type: 'start'; readonly service: string; readonly to: string }
  | { readonly type: 'undo'; readonly service: string; readonly to: string }
  | { readonly type: 'abort' | 'pause' | 'resume'; readonly service: string; readonly rollout: string }

interface Command {
  readonly by: string
  readonly why: string
}

/** Everything that can happen to a coupled release. Facts first, then what people ask for. */
export type ReleaseEvent =
  /** What is seen of the members, in their order. Seen again it asks for what has still not happened. */
  | { readonly type: 'seen'; readonly views: readonly MemberView[] }
  /** What was asked of a member cannot be done. */
  | { readonly type: 'refused'; readonly act: ReleaseAct; readonly why: string }
  | ({ readonly type: 'pause' } & Command)
  | ({ readonly type: 'resume' } & Command)
  | ({ readonly type: 'abort' } & Command)

/** How a coupled release begins. */
export function beginRelease(
  asked: Pick<Release, 'number' | 'order' | 'hotfix'> & {
    readonly members: readonly Pick<ReleaseMember, 'service' | 'to' | 'from'>[]
  } & Command,
  now: number,
): Release {
  const { number, order, hotfix, by, why } = asked
  return {
    id: releaseId(number),
    number,
    order,
    hotfix,
    members: asked.members.map(({ service, to, from }) => ({
      service,
      to,
      from,
      stage: 'waiting',
      rollout: null,
      back: null,
      why: '',
    })),
    state: 'going',
    turn: 0,
    owed: [],
    by,
    why,
    startedBy: by,
    startedAt: now,
    since: now,
  }
}

/** The id of a coupled release. No service and no rollout can have it: their names hold no colon. */
export function releaseId(number: number): string {
  return `release:${number}`
}

/** Whether nothing more will happen by itself. */
export function isReleaseOver({ state }: Pick<Release, 'state'>): boolean {
  return state === 'done' || state === 'reversed' || state === 'stuck'
}
