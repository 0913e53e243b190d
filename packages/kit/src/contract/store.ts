import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { SerinError } from '@serin/spec'
import type { JournalDraft, Store } from '../ports.ts'

/** A store to test, empty at the beginning. */
export interface StoreUnderTest {
  readonly store: Store
  /** Closes the store and opens what it kept. */
  reopen(): Store
  close(): void
  /** Opens the store as somebody else does while it is open; absent where that is refused. */
  takeOver?(): Store
}

/** Tests a driver cannot pass, and why. */
export interface StoreSkip {
  readonly reason: string
  readonly tests: readonly StoreTest[]
}

/** The names of the promises; a skip names some of them. */
export type StoreTest =
  | 'an empty store knows nothing and holds together'
  | 'a document is read as it was written last'
  | 'a removed document is gone'
  | 'documents are listed by what their key starts with, by key'
  | 'journal entries get places without gaps, from 1'
  | 'the journal is read after a place, by stream, newest first, in pages'
  | 'a page of the journal has at most 10000 entries'
  | 'each entry carries a hash over itself and the one before'
  | 'evidence is read by series and time, oldest first'
  | 'evidence of the same time is replaced'
  | 'evidence goes in slices while new evidence comes'
  | 'a commit that cannot be kept writes nothing of itself'
  | 'what JSON would silently change is refused'
  | 'what is given in or out is a copy'
  | 'texts that mean something elsewhere mean nothing here'
  | 'what was committed is there after a reopening'
  | 'whoever opened it last writes, and nobody else'

type Check = (given: StoreUnderTest) => void

const entry = (n: number, stream = 'service/shop'): JournalDraft => ({
  stream,
  kind: 'test.happened',
  actor: 'serin',
  data: { n },
})

/** Everything a store holds, for comparison. */
function contents(store: Store): unknown {
  return { documents: store.list(''), journal: store.journal({}), evidence: store.evidence('shop', 0, 1e15) }
}

const promises: Readonly<Record<StoreTest, Check>> = {
  'an empty store knows nothing and holds together': ({ store }) => {
    assert.equal(store.get('service/shop'), undefined)
    assert.deepEqual(contents(store), { documents: [], journal: [], evidence: [] })
    assert.deepEqual(store.verify(), { ok: true, entries: 0, firstBad: null })
    assert.equal(store.expire(1e15), 0)
    assert.deepEqual(store.commit({ at: 1 }), [])
  },
  'a document is read as it was written last': ({ store }) => {
    const value = { text: 'ü\n"\\\u0000\u{1f426}', number: 1e-300, nested: [null, true, { deep: [] }] }
    store.commit({ at: 1, documents: [{ key: 'service/shop', value: 1 }] })
    store.commit({ at: 2, documents: [{ key: 'service/shop', value }] })
    assert.deepEqual(store.get('service/shop'), value)
  },
  'a removed document is gone': ({ store }) => {
    store.commit({ at: 1, documents: ['a', 'b'].map((key) => ({ key, value: key })) })
    store.commit({ at: 2, removed: ['a', 'never-there'] })
    assert.deepEqual([store.get('a'), store.list('')], [undefined, [{ key: 'b', value: 'b' }]])
  },
  'documents are listed by what their key starts with, by key': ({ store }) => {
    const keys = ['rollout/b-1', 'rollout/a-10', 'rollout/a-1', 'service/a', 'rolloutx', 'rollout/', 'rollout/ä']
    store.commit({ at: 1, documents: keys.map((key) => ({ key, value: key })) })
    assert.deepEqual(
      store.list('rollout/').map(({ key }) => key),
      ['rollout/', 'rollout/a-1', 'rollout/a-10', 'rollout/b-1', 'rollout/ä'],
    )
    assert.deepEqual(store.list('nothing'), [])
  },
  'journal entries get places without gaps, from 1': ({ store }) => {
    const first = store.commit({ at: 10, journal: [entry(1), entry(2)] })
    const second = store.commit({ at: 20, journal: [entry(3)] })
    assert.deepEqual(
      [...first, ...second].map(({ seq, at, data }) => [seq, at, data['n']]),
      [
        [1, 10, 1],
        [2, 10, 2],
        [3, 20, 3],
      ],
    )
    assert.deepEqual(store.journal({}), [...first, ...second])
  },
  'the journal is read after a place, by stream, newest first, in pages': ({ store }) => {
    for (let n = 1; n <= 9; n += 1) store.commit({ at: n, journal: [entry(n, n % 3 === 0 ? 'rollout/r' : 'other')] })
    const places = (query: Parameters<Store['journal']>[0]) => store.journal(query).map(({ seq }) => seq)
    assert.deepEqual(places({ after: 7 }), [8, 9])
    assert.deepEqual(places({ after: 9 }), [])
    assert.deepEqual(places({ limit: 2 }), [1, 2])
    assert.deepEqual(places({ newestFirst: true, limit: 3 }), [9, 8, 7])
    assert.deepEqual(places({ stream: 'rollout/r' }), [3, 6, 9])
    assert.deepEqual(places({ stream: 'rollout/r', after: 3, newestFirst: true }), [9, 6])
    assert.deepEqual(places({ stream: 'rollout' }), [])
  },
  'a page of the journal has at most 10000 entries': ({ store }) => {
    store.commit({ at: 1, journal: Array.from({ length: 10_001 }, (_, n) => entry(n)) })
    assert.equal(store.journal({ limit: 20_000 }).length, 10_000)
    assert.equal(store.journal({}).length, 10_000)
  },
  'each entry carries a hash over itself and the one before': ({ store }) => {
    const [first, second] = store.commit({ at: 1, journal: [entry(1), entry(1)] })
    const [third] = store.commit({ at: 1, journal: [entry(1)] })
    const hashes = [first, second, third].map((one) => one?.hash ?? '')
    for (const hash of hashes) assert.match(hash, /^[0-9a-f]{64}$/)
    assert.equal(new Set(hashes).size, 3)
    assert.deepEqual(store.verify(), { ok: true, entries: 3, firstBad: null })
  },
  'evidence is read by series and time, oldest first': ({ store }) => {
    for (const at of [30, 10, 20]) store.commit({ at, evidence: [{ series: 'shop', at, value: { at } }] })
    store.commit({ at: 40, evidence: [{ series: 'other', at: 15, value: 'other' }] })
    assert.deepEqual(
      store.evidence('shop', 10, 30).map(({ at, value }) => [at, value]),
      [
        [10, { at: 10 }],
        [20, { at: 20 }],
      ],
    )
    assert.deepEqual(store.evidence('nobody', 0, 1e15), [])
  },
  'evidence of the same time is replaced': ({ store }) => {
    for (const value of [1, 2]) store.commit({ at: 1, evidence: [{ series: 'shop', at: 5, value }] })
    assert.deepEqual(store.evidence('shop', 0, 10), [{ at: 5, value: 2 }])
  },
  'evidence goes in slices while new evidence comes': ({ store }) => {
    const count = 1_200
    store.commit({
      at: 1,
      evidence: Array.from({ length: count }, (_, at) => ({ series: `s${at % 3}`, at, value: at })),
    })
    let gone = 0
    for (let turn = 0; turn < count; turn += 1) {
      const slice = store.expire(count)
      gone += slice
      if (slice === 0) break
      store.commit({ at: 2, evidence: [{ series: 's0', at: count + turn, value: 'new' }] })
    }
    assert.equal(gone, count)
    assert.deepEqual(store.evidence('s1', 0, 1e15), [])
    assert.ok(store.evidence('s0', 0, 1e15).every(({ value }) => value === 'new'))
    assert.equal(store.evidence('s0', count, count + 1).length, 1)
  },
  'a commit that cannot be kept writes nothing of itself': ({ store }) => {
    store.commit({ at: 1, documents: [{ key: 'a', value: 1 }], journal: [entry(1)] })
    const before = contents(store)
    const good = {
      at: 2,
      documents: [{ key: 'a', value: 2 }],
      journal: [entry(2)],
      evidence: [{ series: 'shop', at: 2, value: 2 }],
    }
    const bad = Number.NaN
    assert.throws(() => store.commit({ ...good, documents: [...good.documents, { key: 'b', value: bad }] }), TypeError)
    assert.throws(() => store.commit({ ...good, journal: [entry(2), entry(bad)] }), TypeError)
    assert.throws(() => store.commit({ ...good, evidence: [{ series: 'shop', at: 3, value: [bad] }] }), TypeError)
    assert.deepEqual(contents(store), before)
    assert.equal(store.commit(good)[0]?.seq, 2)
  },
  'what JSON would silently change is refused': ({ store }) => {
    const changed: readonly unknown[] = [
      undefined,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      1n,
      () => 1,
      Symbol('s'),
      [undefined],
      { list: [1, [undefined]] },
      new Date(0),
      new Map([[1, 2]]),
      new Set([1]),
      new Uint8Array(2),
    ]
    for (const value of changed) {
      assert.throws(() => store.commit({ at: 1, documents: [{ key: 'a', value }] }), TypeError, String(value))
      assert.throws(() => store.commit({ at: 1, journal: [{ ...entry(1), data: { value: [value] } }] }), TypeError)
    }
    // An absent field and an undefined one are the same thing to us.
    store.commit({ at: 1, documents: [{ key: 'a', value: { kept: 1, absent: undefined } }] })
    assert.deepEqual(store.get('a'), { kept: 1 })
  },
  'what is given in or out is a copy': ({ store }) => {
    const value = { list: [1] }
    const data = { list: [1] }
    const [written] = store.commit({
      at: 1,
      documents: [{ key: 'a', value }],
      journal: [{ ...entry(1), data }],
      evidence: [{ series: 'shop', at: 1, value }],
    })
    value.list.push(2)
    data.list.push(2)
    for (const got of [store.get('a'), store.list('a')[0]?.value, store.evidence('shop', 0, 2)[0]?.value]) {
      assert.deepEqual(got, { list: [1] })
      if (got !== null && typeof got === 'object') Object.assign(got, { spoiled: true })
    }
    assert.deepEqual([store.get('a'), store.evidence('shop', 0, 2)[0]?.value], [{ list: [1] }, { list: [1] }])
    for (const got of [written, store.journal({})[0]]) {
      assert.deepEqual(got?.data, { list: [1] })
      if (got !== undefined) Object.assign(got.data, { spoiled: true })
    }
    assert.deepEqual(store.verify(), { ok: true, entries: 1, firstBad: null })
  },
  'texts that mean something elsewhere mean nothing here': ({ store }) => {
    const odd = `'); drop table journal; -- %_*?[a]\u0000`
    store.commit({
      at: 1,
      documents: [
        { key: odd, value: odd },
        { key: 'plain', value: 1 },
      ],
      journal: [{ stream: odd, kind: odd, actor: odd, data: { [odd]: odd, ['__proto__x']: 1 } }],
      evidence: [{ series: odd, at: 1, value: odd }],
    })
    assert.equal(store.get(odd), odd)
    assert.deepEqual(store.list('%'), [])
    assert.equal(store.list(odd).length, 1)
    assert.equal(store.journal({ stream: odd })[0]?.data[odd], odd)
    assert.equal(store.evidence(odd, 0, 2).length, 1)
    assert.equal(store.verify().ok, true)
  },
  'what was committed is there after a reopening': (given) => {
    given.store.commit({
      at: 1,
      documents: [{ key: 'a', value: { n: 1 } }],
      journal: [entry(1), entry(2)],
      evidence: [{ series: 'shop', at: 1, value: [1] }],
    })
    const before = contents(given.store)
    const again = given.reopen()
    assert.deepEqual(contents(again), before)
    assert.equal(again.commit({ at: 2, journal: [entry(3)] })[0]?.seq, 3)
    assert.deepEqual(again.verify(), { ok: true, entries: 3, firstBad: null })
    assert.ok(again.epoch > given.store.epoch, 'each opening has a number of its own')
  },
  'whoever opened it last writes, and nobody else': (given) => {
    const { store } = given
    assert.ok(store.isHeld())
    store.commit({ at: 1, documents: [{ key: 'a', value: 1 }] })
    const other = given.takeOver?.()
    if (other === undefined) return
    const taken = (error: unknown): boolean => error instanceof SerinError && error.code === 'store.taken'
    assert.throws(() => store.commit({ at: 2, documents: [{ key: 'a', value: 2 }] }), taken)
    assert.throws(() => store.expire(9), taken)
    assert.deepEqual([store.isHeld(), other.isHeld(), other.get('a')], [false, true, 1])
    other.commit({ at: 3, documents: [{ key: 'a', value: 3 }] })
    assert.equal(store.get('a'), 3)
  },
}

/** Registers the promises of `Store` as tests. A driver that cannot keep one skips it and says why. */
export function storeContract(name: string, open: () => StoreUnderTest, skips: readonly StoreSkip[] = []): void {
  void describe(`${name} keeps the store contract`, () => {
    for (const [promise, check] of Object.entries(promises)) {
      const reason = skips.find((skip) => skip.tests.some((test) => test === promise))?.reason
      void it(promise, { skip: reason ?? false }, () => {
        const given = open()
        try {
          check(given)
        } finally {
          given.close()
        }
      })
    }
  })
}
