/** How long links and sessions last, without waiting for it. */
import { SerinError } from '@serin/spec'
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { TokenBook } from '../tokens/token-book.ts'
import { Guesses } from './guesses.ts'
import { SessionBook } from './session-book.ts'

const minuteMs = 60_000
const dayMs = 1_440 * minuteMs

function world(t: TestContext) {
  const dataDirectory = mkdtempSync(join(tmpdir(), 'serin-sessions-'))
  t.after(() => rmSync(dataDirectory, { recursive: true, force: true }))
  const clock = { at: Date.parse('2026-01-01T00:00:00Z') }
  const options = { dataDirectory, now: () => clock.at, log: () => undefined }
  const tokens = new TokenBook({ ...options, adminToken: 'admin secret', record: () => undefined })
  return { clock, tokens, open: () => new SessionBook({ ...options, tokens }) }
}

const refused = (code: string) => (error: unknown) => error instanceof SerinError && error.code === code

test('a link is good for ten minutes and once', (t) => {
  const { clock, tokens, open } = world(t)
  const book = open()
  const admin = tokens.personOf('admin secret')
  const [early, late, twice] = [book.link(admin), book.link(admin), book.link(admin)]
  clock.at += 10 * minuteMs - 1
  assert.ok(book.open(early.code).page.length > 40)
  book.open(twice.code)
  assert.throws(() => book.open(twice.code), refused('login.refused'))
  clock.at += 1
  assert.equal(late.expiresAt, clock.at)
  assert.throws(() => book.open(late.code), refused('login.refused'))
})

test('a session lasts a week, over restarts; a link does not outlive the control plane', (t) => {
  const { clock, tokens, open } = world(t)
  const book = open()
  const admin = tokens.personOf('admin secret')
  const halves = book.open(book.link(admin).code)
  const link = book.link(admin)
  clock.at += 7 * dayMs - 1
  const next = open()
  assert.equal(next.personOf(halves).name, 'admin')
  assert.throws(() => next.open(link.code), refused('login.refused'))
  clock.at += 1
  assert.throws(() => next.personOf(halves), refused('session.over'))
})

test('a session does not outlive the token it stands for', (t) => {
  const { clock, tokens, open } = world(t)
  const wanted = { name: 'ada', role: 'viewer', expiresInMs: dayMs, why: '' } as const
  const { secret } = tokens.create(wanted, 'admin')
  const book = open()
  const halves = book.open(book.link(tokens.personOf(secret)).code)
  clock.at += dayMs - 1
  assert.equal(book.personOf(halves).role, 'viewer')
  clock.at += 1
  assert.throws(() => book.personOf(halves), refused('session.over'))
})

test('wrong codes of one address are counted for a minute, and stop no other', () => {
  const clock = { at: 0 }
  const guesses = new Guesses(() => clock.at)
  const wrong = () => {
    throw new SerinError('login.refused', 'no')
  }
  for (let i = 0; i < 10; i += 1) assert.throws(() => guesses.attempt('a', wrong), refused('login.refused'))
  assert.throws(() => guesses.attempt('a', () => 'in'), refused('login.too-often'))
  assert.equal(
    guesses.attempt('b', () => 'in'),
    'in',
  )
  clock.at += minuteMs
  assert.equal(
    guesses.attempt('a', () => 'in'),
    'in',
  )
})
