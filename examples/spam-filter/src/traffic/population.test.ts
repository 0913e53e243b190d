import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRandom } from '../random.ts'
import { Population } from './population.ts'

const messages = [
  ...Array.from({ length: 87 }, (_, i) => ({ spam: false, text: `good ${i}` })),
  ...Array.from({ length: 13 }, (_, i) => ({ spam: true, text: `spam ${i}` })),
]
const populationOf = (seed: number) =>
  new Population({ users: 1_500, messages, prefix: 'u', random: createRandom(seed) })

test('a minute at 300 a second sees 4,000 to 7,500 users; none posts more than forty times, most once or twice', () => {
  const population = populationOf(1)
  const posts = new Map<string, number>()
  for (let i = 0; i < 300 * 60; i += 1) {
    const { id } = population.next().user
    posts.set(id, (posts.get(id) ?? 0) + 1)
  }
  assert.ok(posts.size > 4_000 && posts.size < 7_500, `${posts.size} users`)
  const counts = [...posts.values()]
  assert.ok(Math.max(...counts) <= 40)
  assert.ok(Math.max(...counts) > 20, 'some are busy')
  assert.ok(counts.filter((count) => count <= 2).length > posts.size / 2)
})

test('the mail has the share of spam of its source, and users differ in theirs', () => {
  const population = populationOf(2)
  const postings = Array.from({ length: 40_000 }, () => population.next())
  const spam = postings.filter(({ message }) => message.spam).length / postings.length
  assert.ok(Math.abs(spam - 0.13) < 0.015, `${spam}`)
  const shares = new Set(postings.map(({ user }) => user.spamShare.toFixed(2)))
  assert.ok(shares.size > 20)
})

test('ids are never given twice, and the same seed gives the same traffic', () => {
  const [a, b] = [populationOf(3), populationOf(3)]
  const users = new Map<string, object>()
  for (let i = 0; i < 20_000; i += 1) {
    const { user, message } = a.next()
    assert.equal(users.get(user.id) ?? user, user)
    users.set(user.id, user)
    const twin = b.next()
    assert.deepEqual([twin.user.id, twin.message], [user.id, message])
  }
  assert.ok(a.seen >= users.size)
})
