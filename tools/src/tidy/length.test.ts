import assert from 'node:assert/strict'
import { test } from 'node:test'
import { repositoryOf } from '../repository.ts'
import { length } from './length.ts'

const file = 'packages/core/src/a.ts'
const ratchet = 'tools/src/tidy/ratchet.json'

function longFunction(lines: number): string {
  return `export function long(): void {\n${'  a()\n'.repeat(lines - 2)}}\n`
}

test('70 lines are allowed and 71 are not', () => {
  assert.deepEqual(length.find(repositoryOf({ [file]: longFunction(70) })), [])
  const [finding] = length.find(repositoryOf({ [file]: longFunction(71) }))
  assert.equal(finding?.message, 'long has 71 lines; at most 70 are allowed.')
})

test('a file of more than 400 lines is found', () => {
  assert.match(length.find(repositoryOf({ [file]: 'const a = 1\n'.repeat(401) }))[0]?.message ?? '', /^401 lines/)
})

test('a test may be as long as it is', () => {
  assert.deepEqual(length.find(repositoryOf({ 'packages/core/src/a.test.ts': longFunction(500) })), [])
})

test('a listed exception may shrink but not grow, and leaves the list when it fits', () => {
  const listed = (lines: number, now: number) =>
    repositoryOf({ [file]: longFunction(now), [ratchet]: JSON.stringify({ [`${file} long`]: lines }) })
  assert.deepEqual(length.find(listed(100, 100)), [])
  assert.deepEqual(length.find(listed(100, 90)), [])
  assert.match(length.find(listed(100, 101))[0]?.message ?? '', /had 100 and may only shrink/)
  assert.match(length.find(listed(100, 60))[0]?.message ?? '', /take it off the list/)
  assert.equal(length.mend(listed(100, 90))[ratchet], `{\n  "${file} long": 90\n}\n`)
  assert.equal(length.mend(listed(100, 60))[ratchet], '{}\n')
})
