import type { Client } from '@serin/sdk'
import type { OperationName, Role, Rollout } from '@serin/spec'
import { weight } from '../figures.ts'
import type { WordKey } from '../words/en.ts'
import type { Gaps } from '../words/say.ts'
import { isOpen } from './marks.ts'

/** Something a person can do with a rollout. */
export interface Deed {
  readonly operation: Extract<OperationName, 'pause' | 'resume' | 'abort' | 'promote' | 'approve' | 'retry' | 'undo'>
  /** The least role that may; shown to whoever may not. */
  readonly needs: Role
  readonly name: WordKey
  /** What it will do, for the confirmation. */
  readonly effect: WordKey
  readonly gaps: Gaps
  /** It is not done without a reason. */
  readonly wantsWhy: boolean
  /** The step that was seen when it was asked for: elsewhere it does nothing. */
  readonly seenStep: number | null
  readonly act: (client: Client, why: string) => Promise<unknown>
}

/** Holding, or going on. */
export function holdOrResume(rollout: Rollout): Deed | null {
  if (rollout.phase === 'holding') return deed(rollout, 'resume', 'do.resume')
  return rollout.phase === 'watching' || rollout.phase === 'preparing' ? deed(rollout, 'pause', 'do.hold') : null
}

/** Sending all traffic back to stable. */
export function rollBack(rollout: Rollout): Deed | null {
  return isOpen(rollout) && rollout.phase !== 'rolling-back' ? deed(rollout, 'abort', 'do.rollBack') : null
}

/** Saying yes to the gate that is asked. */
export function approval(rollout: Rollout): Deed | null {
  return rollout.gate?.people == null || !isOpen(rollout) ? null : deed(rollout, 'approve', 'do.approve')
}

/** What stands behind a menu, because it goes past the evidence or begins anew. */
export function otherDeeds(rollout: Rollout): readonly Deed[] {
  const { phase, step, id, service } = rollout
  const isUnderWay = phase === 'watching' || phase === 'holding'
  const seen = { wantsWhy: true, seenStep: step }
  return [
    ...(isUnderWay ? [{ ...deed(rollout, 'promote', 'do.promote'), ...seen }] : []),
    ...(isUnderWay
      ? [
          {
            ...deed(rollout, 'promote', 'do.full'),
            ...seen,
            effect: 'effect.full' as const,
            act: (client: Client, why: string) => client.promote({ rollout: id, why, full: true, seenStep: step }),
          },
        ]
      : []),
    ...(phase === 'rolled-back' ? [deed(rollout, 'retry', 'do.retry')] : []),
    ...(phase === 'promoted'
      ? [
          {
            ...deed(rollout, 'undo', 'do.undo'),
            act: (client: Client, why: string) => client.undo({ service, why }),
          },
        ]
      : []),
  ]
}

function deed(rollout: Rollout, operation: Deed['operation'], name: WordKey): Deed {
  const { id, step, steps, gate } = rollout
  const next = step === null ? undefined : steps[step + 1]
  return {
    operation,
    needs: 'operator',
    name,
    effect: `effect.${operation}`,
    gaps: {
      weight: weight(rollout.inForceBp ?? rollout.askedBp),
      next: weight(next?.weightBp ?? 10_000),
      stable: rollout.stable,
      canary: rollout.canary,
      gate: gate?.name ?? '',
      count: (gate?.approvals.length ?? 0) + 1,
      people: gate?.people ?? 0,
      step: (step ?? 0) + 1,
    },
    wantsWhy: false,
    seenStep: null,
    act: (client, why) => {
      switch (operation) {
        case 'promote':
          return client.promote({ rollout: id, why, seenStep: step })
        case 'approve':
          return client.approve({ rollout: id, why, seenStep: step, seenGate: gate?.name ?? null })
        case 'undo':
          return client.undo({ service: rollout.service, why })
        default:
          return client[operation]({ rollout: id, why })
      }
    },
  }
}
