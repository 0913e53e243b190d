import assert from 'node:assert/strict'
import { test } from 'node:test'
import { generationColumns } from '@serin/core/evidence'
import * as fc from 'fast-check'
import { GenerationWatch } from './answer-watch.ts'
import { EventScanner } from './event-scanner.ts'
import { GenerationTally } from './generation-tally.ts'
import { UsageScanner } from './usage-scanner.ts'

/** Cuts bytes at the given places. */
function cut(bytes: Buffer, at: readonly number[]): Buffer[] {
  const places = [...new Set([0, ...at.map((place) => place % (bytes.length + 1)), bytes.length])].sort((a, b) => a - b)
  return places.slice(1).map((to, i) => bytes.subarray(places[i], to))
}

const chunk = (more: object): string => JSON.stringify({ object: 'chat.completion.chunk', choices: [], ...more })
const says = (content: string): string => chunk({ choices: [{ index: 0, delta: { content } }] })

const someEvent = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 20 }).map((text) => ({ data: says(text), tokens: text === '' ? 0 : 1 })),
  fc.constantFrom(
    { data: chunk({ choices: [{ delta: { role: 'assistant', content: '' } }] }), tokens: 0 },
    { data: chunk({ choices: [{ delta: { reasoning_content: 'hm' } }] }), tokens: 1 },
    { data: chunk({ choices: [{ delta: { tool_calls: [{ index: 0 }] } }] }), tokens: 1 },
    { data: chunk({ choices: null, usage: null }), tokens: 0 },
    { data: '{"choices":[{"text":"legacy"}]}', tokens: 1 },
    { data: '{"type":"response.output_text.delta","delta":"a"}', tokens: 1 },
    { data: 'no JSON', tokens: 0 },
    { data: '{"half":', tokens: 0 },
    { data: says('x'.repeat(70_000)), tokens: 0 },
  ),
)
const cuts = fc.array(fc.nat(200_000), { maxLength: 30 })

void test('however a stream is cut, the same is seen', () => {
  fc.assert(
    fc.property(
      fc.array(someEvent, { maxLength: 12 }),
      fc.constantFrom('\n', '\r\n', '\r'),
      fc.option(fc.record({ prompt_tokens: fc.nat(9_999), completion_tokens: fc.nat(9_999) }), { nil: null }),
      cuts,
      (events, lineEnd, usage, at) => {
        const blocks = [
          ': a comment',
          ...events.map(
            ({ data }, i) => `${i % 3 === 0 ? `event: message${lineEnd}` : ''}data:${i % 2 === 0 ? ' ' : ''}${data}`,
          ),
          ...(usage === null ? [] : [`data: ${chunk({ usage })}`]),
          'data: [DONE]',
        ]
        const bytes = Buffer.from(blocks.map((block) => `${block}${lineEnd}${lineEnd}`).join(''))
        const seen = (pieces: readonly Buffer[]) => {
          const watch = new GenerationWatch(0)
          watch.head('text/event-stream; charset=utf-8', undefined)
          for (const piece of pieces) watch.body(piece, 5)
          return watch.end(7, true)
        }
        const whole = seen([bytes])
        assert.deepEqual(seen(cut(bytes, at)), whole)
        const tokens = events.reduce((sum, event) => sum + event.tokens, 0)
        assert.equal(whole.gaps, Math.max(0, tokens - 1))
        assert.equal(whole.firstTokenMs, tokens === 0 ? null : 5)
        assert.equal(whole.usage?.promptTokens ?? null, usage?.prompt_tokens ?? null)
        assert.equal(whole.timed?.tokens ?? 0, usage?.completion_tokens ?? tokens)
        assert.equal(whole.estimated, usage === null && tokens > 0)
      },
    ),
    { numRuns: 150 },
  )
})

void test('an event of several lines is one, and CR LF that is cut in the middle ends one line', () => {
  const found: string[] = []
  const scanner = new EventScanner((data) => found.push(data))
  for (const piece of ['data: a\r', '\ndata:b\r\n\r', '\n', 'id: 1\n\n', 'data\ndata: c'])
    scanner.take(Buffer.from(piece))
  assert.deepEqual(found, ['a\nb'])
  scanner.end()
  assert.deepEqual(found, ['a\nb', 'c'])
})

void test('however a JSON answer is cut, its own usage is found and no other', () => {
  const value = fc.jsonValue({ maxDepth: 3 })
  fc.assert(
    fc.property(
      fc.dictionary(fc.string({ maxLength: 8 }), value, { maxKeys: 6 }),
      fc.option(fc.dictionary(fc.string({ maxLength: 6 }), value, { maxKeys: 4 }), { nil: null }),
      fc.integer({ min: 0, max: 2 }),
      cuts,
      (others, usage, indent, at) => {
        const answer = { choices: [{ usage: { prompt_tokens: 1 } }], 'a "usage": {': '\\"', ...others, usage }
        const scanner = new UsageScanner()
        for (const piece of cut(Buffer.from(JSON.stringify(answer, null, indent)), at)) scanner.take(piece)
        assert.deepEqual(scanner.usage, usage === null ? null : JSON.parse(JSON.stringify(usage)))
      },
    ),
    { numRuns: 300 },
  )
})

void test('what is no JSON object, or breaks off, has no usage', () => {
  for (const text of [
    '',
    '[{"usage":{}}]',
    '"usage"',
    '{"usage":{"prompt_tokens":1',
    '{"usage":{x}}',
    '{}{"usage":{}}',
  ]) {
    const scanner = new UsageScanner()
    scanner.take(Buffer.from(text))
    assert.equal(scanner.usage, null, text)
  }
})

void test('the first token, the gaps and the rate of a stream', () => {
  const watch = new GenerationWatch(1_000)
  watch.head('text/event-stream', 'identity')
  const event = (data: string, atMs: number): void => watch.body(Buffer.from(`data: ${data}\n\n`), atMs)
  event(chunk({ choices: [{ delta: { role: 'assistant' } }] }), 1_050)
  event(says('one'), 1_200)
  event(says('two'), 1_230)
  event(says('three'), 1_290)
  event(chunk({ usage: { prompt_tokens: 11, completion_tokens: 6 } }), 1_295)
  assert.deepEqual(watch.end(1_300, true), {
    firstByteMs: 50,
    firstTokenMs: 200,
    gaps: 2,
    gapMs: 90,
    timed: { ms: 300, tokens: 6 },
    usage: { promptTokens: 11, completionTokens: 6 },
    unread: false,
    estimated: false,
  })
})

void test('a client that gives up before the first token has waited for it as long as it waited', () => {
  const watch = new GenerationWatch(0)
  watch.head('text/event-stream', undefined)
  watch.body(Buffer.from(': soon\n\n'), 10)
  const { firstTokenMs, timed, usage } = watch.end(4_000, false)
  assert.deepEqual([firstTokenMs, timed, usage], [4_000, null, null])
})

void test('a compressed answer is not looked into, and counted as such', () => {
  const watch = new GenerationWatch(0)
  watch.head('text/event-stream', 'gzip')
  watch.body(Buffer.from(`data: ${says('x')}\n\n`), 10)
  const seen = watch.end(20, true)
  assert.deepEqual([seen.unread, seen.firstByteMs, seen.firstTokenMs, seen.timed], [true, 10, null, null])
})

void test('a stream that says it failed has failed', () => {
  for (const data of ['{"error":{"message":"out of memory"}}', '{"object":"error"}', '{"type":"response.failed"}']) {
    const watch = new GenerationWatch(0)
    watch.head('text/event-stream', undefined)
    watch.body(Buffer.from(`data: ${data}\n\n`), 1)
    assert.equal(watch.failed, true, data)
  }
})

void test('the sums of a bucket are those of its answers, and the tally is empty after it was read', () => {
  const tally = new GenerationTally()
  const seen = { firstByteMs: 1, firstTokenMs: 2.5, gaps: 3, gapMs: 30, unread: false, estimated: true }
  const usage = { promptTokens: 7, completionTokens: null }
  tally.add(9, { ...seen, timed: { ms: 100, tokens: 4 }, usage: null })
  tally.add(9, { ...seen, timed: null, usage })
  tally.add(63, { ...seen, firstTokenMs: null, gaps: 0, gapMs: 0, timed: null, usage: null })
  const slot = tally.take()
  assert.deepEqual(slot, {
    unread: 0,
    estimated: 3,
    buckets: [
      [9, 2, 2, 2, 5, 6, 60, 1, 100, 4, 1, 7, 0],
      [63, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    ],
  })
  assert.ok(slot.buckets.every((row) => row.length === generationColumns.length))
  assert.equal(tally.take(), null)
})
