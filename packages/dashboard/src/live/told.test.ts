import type { JournalLine } from '@serin/sdk'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventKey, isAbout, reasonOf, toldLines } from './told.ts'

let seq = 0

function line(kind: string, data: JournalLine['data'], stream = 'rollout/shop-1'): JournalLine {
  seq += 1
  return { seq, at: seq * 1_000, stream, kind, actor: 'serin', data } as JournalLine
}

const judged = (verdict: string) => line('rollout.judged', { judgement: { verdict, sentence: `it is ${verdict}` } })

test('a verdict is told when it changes, and once with the move that it led to', () => {
  const harm = judged('harmful')
  const lines = [
    line('rollout.started', { plan: { canary: 'v2' } }),
    judged('undecided'),
    judged('safe'),
    judged('safe'),
    judged('undecided'),
    harm,
    line('rollout.moved', { event: 'verdict', to: 'rolling-back' }),
    line('routing.applied', { weights: { v1: 10_000 } }, 'service/shop'),
    line('rollout.moved', { event: 'observed', to: 'rolled-back' }),
  ]
  assert.deepEqual(
    toldLines(lines).map(({ kind, data }) => [kind, data['to'] ?? reasonOf({ kind, data })]),
    [
      ['rollout.started', ''],
      ['rollout.judged', 'it is safe'],
      ['rollout.judged', 'it is undecided'],
      ['rollout.moved', 'rolled-back'],
    ],
  )
})

test('what a person asked for is told, and what it did is not told again', () => {
  const lines = [
    line('rollout.pause', { why: 'lunch' }),
    line('rollout.moved', { event: 'pause', to: 'holding', why: 'lunch' }),
  ]
  assert.deepEqual(
    toldLines(lines).map((each) => [eventKey(each), reasonOf(each)]),
    [['event.pause', 'lunch']],
  )
})

test('a line is about its service and its rollouts, not about one whose name begins alike', () => {
  const about = (stream: string) => isAbout({ stream }, 'shop')
  assert.deepEqual(
    ['service/shop', 'rollout/shop-12', 'service/shop-2', 'rollout/shop-2-1', 'control-plane'].map(about),
    [true, true, false, false, false],
  )
})
