import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Rollout, ServiceStatus } from '@serin/spec'
import { keysIn } from '../terminal-keys.ts'
import { noon, rollout, service } from '../testing/statuses.ts'
import { atRest, keyLines, look, press, type Keyboard, type Pressed, type Seen } from './keys.ts'
import { createPaper } from './paper.ts'

const paper = createPaper({ width: 80 })
const seen = (status: ServiceStatus = service(), changes: Partial<Seen> = {}): Seen => ({
  status,
  now: noon,
  silent: null,
  may: null,
  role: 'operator',
  ...changes,
})
const at = (changes: Partial<Rollout>) => service({ rollout: rollout(changes) })

/** Presses keys one after another on what is seen. */
function typed(keys: readonly string[], what: Seen = seen(), from: Keyboard = atRest) {
  let [keyboard, pressed]: [Keyboard, Pressed] = [from, { kind: 'nothing' }]
  for (const key of keys) ({ keyboard, pressed } = press(keyboard, key, what))
  return { keyboard, pressed, text: keyLines(keyboard, what.status, paper).join('\n') }
}

test('no single key does anything but leave', () => {
  for (const key of 'abcdefghijklmnoprstuvwxyzABCXYZ 0123?\r\u001B'.split(''))
    assert.equal(typed([key]).pressed.kind, 'nothing', key)
  assert.equal(typed(['q']).pressed.kind, 'quit')
})

test('a question takes a yes; everything else is a no', () => {
  assert.equal(typed(['h', 'y']).pressed.kind, 'do')
  for (const no of ['n', '\r', '\u001B', 'q', 'h', ' ']) {
    const { pressed, text } = typed(['r', no])
    assert.equal(pressed.kind, 'nothing')
    assert.match(text, /Nothing was done\./)
  }
})

test('a promotion takes a reason, and Enter', () => {
  assert.equal(typed(['p', 'y', '\u007F', '\r']).pressed.kind, 'nothing')
  const { pressed } = typed(['p', 'o', 'k', '\u001B[A', '發', 'x', '\u007F', '\r'])
  assert.ok(pressed.kind === 'do')
  assert.deepEqual([pressed.why, pressed.deed.seen.step], ['ok發', 1])
})

test('each question names the effect', () => {
  const gate = { name: 'owner', kind: 'approval', since: noon, says: null, approvals: ['ada'], people: 2 }
  for (const [key, status, says] of [
    ['h', service(), /Hold\? v2 stays at 25 % until somebody resumes it; harm still rolls it back\./],
    ['h', at({ phase: 'holding' }), /Resume\? v2 goes on from 25 %/],
    ['r', service(), /Roll back\? v2 goes from 25 % to 0 % in about 2 s; v1 has all traffic\./],
    ['p', service(), /Promote past step 2\? v2 goes from 25 % to 50 % in about 2 s, before the/],
    ['p', at({ step: 2 }), /Promote past step 3\? v2 goes from 25 % to 100 %/],
    ['a', at({ gate }), /Approve\? You say yes to "owner": 2 of 2\./],
  ] as const)
    assert.match(typed([key], seen(status)).text, says)
})

test('what makes no sense is said, and asked of nobody', () => {
  for (const [key, what, says] of [
    ['h', seen(at({ phase: 'promoted' })), /There is nothing to hold: it is promoted\./],
    ['r', seen(at({ phase: 'rolled-back' })), /There is nothing to roll back/],
    ['p', seen(at({ phase: 'preparing' })), /There is nothing to promote/],
    ['a', seen(), /No gate waits for people\./],
    ['h', seen(service({ rollout: null })), /There is no rollout\./],
    ['r', seen(service(), { silent: '12s' }), /Nothing was heard for 12s: what is shown may be old\./],
    ['r', seen(service(), { may: ['getRollout'], role: 'viewer' }), /The role viewer may not abort a rollout\./],
  ] as const) {
    const { text, keyboard } = typed([key], what)
    assert.match(text, says)
    assert.equal(keyboard.asked, null)
  }
})

test('a question about a stage that has gone is taken back, and its yes does nothing', () => {
  const moved = at({ step: 2, askedBp: 5_000 })
  const asked = typed(['p', 'o', 'k']).keyboard
  const said = look(asked, { status: moved, now: noon })
  assert.match(keyLines(said, moved, paper).join('\n'), /It is at step 3 meanwhile\. Nothing was done\./)
  assert.equal(press(asked, '\r', seen(moved)).pressed.kind, 'nothing')
  for (const [key, status] of [
    ['r', at({ id: 'shop-4' })],
    ['r', at({ phase: 'promoted' })],
    ['h', at({ attempt: 2 })],
    ['h', at({ phase: 'holding' })],
  ] as const)
    assert.equal(press(typed([key]).keyboard, 'y', seen(status)).pressed.kind, 'nothing', key)
  // Going back is right at every step, and says what it would mean now.
  const back = look(typed(['r']).keyboard, { status: at({ step: 2, inForceBp: 5_000 }), now: noon })
  assert.match(keyLines(back, moved, paper).join('\n'), /v2 goes from 50 % to 0 %/)
})

test('what is said goes by itself', () => {
  const said = typed(['a']).keyboard
  assert.notEqual(look(said, { status: service(), now: noon + 1_000 }).said, null)
  assert.equal(look(said, { status: service(), now: noon + 60_000 }).said, null)
})

test('a burst of keys is heard one by one', () => {
  assert.deepEqual(keysIn('py\u001B[1;5C\u001BOPé發\u001B\r'), [
    'p',
    'y',
    '\u001B[1;5C',
    '\u001BOP',
    'é',
    '發',
    '\u001B',
    '\r',
  ])
})

test('help gives way to a question and stays away', () => {
  assert.match(typed(['?']).text, /Every key asks first/)
  assert.match(typed(['?']).text, /^ {2}serin abort shop$/m)
  for (const keys of [
    ['?', 'h', 'y'],
    ['?', 'r', 'n'],
    ['?', '?'],
    ['?', '\u001B'],
  ])
    assert.doesNotMatch(typed(keys).text, /Every key asks first/)
})
