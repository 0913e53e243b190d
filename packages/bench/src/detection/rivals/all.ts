import { kayenta } from './kayenta.ts'
import { mixtureSequential, peekedZ, singleZ } from './peeked.ts'
import type { Rival } from './rival.ts'
import { argo, flagger } from './thresholds.ts'

/** The rules that stand beside Serin's tests, at a level where they have one. */
export function rivalsAt(alpha: number): readonly Rival[] {
  return [
    argo({ percent: 99, failureLimit: 1, everySeconds: 60 }),
    argo({ percent: 98, failureLimit: 1, everySeconds: 60 }),
    argo({ percent: 95, failureLimit: 1, everySeconds: 60 }),
    flagger({ percent: 99, threshold: 5, everySeconds: 60 }),
    flagger({ percent: 99, threshold: 10, everySeconds: 60 }),
    peekedZ({ level: 0.05, everySeconds: 60 }),
    peekedZ({ level: alpha, everySeconds: 60 }),
    singleZ({ level: alpha, afterSeconds: 1_800 }),
    mixtureSequential({ level: alpha, everySeconds: 60, burnIn: 1_000 }),
    kayenta({ minutes: 30 }),
    kayenta({ minutes: 60 }),
  ]
}
