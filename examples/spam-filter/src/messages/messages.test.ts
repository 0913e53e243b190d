import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseMessages, readMessages, splitMessages } from './messages.ts'

const { training, heldOut } = readMessages()

test('the collection is whole: 5,574 messages, 747 of them spam', () => {
  const all = [...training, ...heldOut]
  assert.equal(all.length, 5_574)
  assert.equal(all.filter((message) => message.spam).length, 747)
})

test('the halves are about equal, in size and in spam, and always the same', () => {
  assert.deepEqual([training.length, heldOut.length], [2_820, 2_754])
  assert.deepEqual(
    [training, heldOut].map((half) => half.filter((message) => message.spam).length),
    [370, 377],
  )
})

test('no held-out message was seen in training, not even with other numbers or other punctuation', () => {
  const bare = (text: string) => text.toLowerCase().replaceAll(/[^a-z]/g, '')
  // Messages of hardly any letters say nothing.
  const seen = new Set(training.map(({ text }) => bare(text)).filter((text) => text.length >= 8))
  const again = heldOut.filter(({ text }) => seen.has(bare(text)))
  // Digits count as one sign in the split, so “2” and “to 2” may part; that is all there is.
  assert.ok(again.length <= 8, `${again.length}: ${again.map(({ text }) => text).join(' | ')}`)
})

test('copies of a message, with other numbers, stay together', () => {
  for (let i = 0; i < 50; i += 1) {
    const message = { spam: true, text: `Win no ${i}! Call 0800 ${1_000 + i}` }
    const { training, heldOut } = splitMessages([message, { spam: true, text: message.text.replaceAll(/\d/g, '9') }])
    assert.equal(Math.abs(training.length - heldOut.length), 2)
  }
})

test('a line without a label is named', () => {
  assert.throws(() => parseMessages('ham\thi\nhello\n'), /line 2/)
})
