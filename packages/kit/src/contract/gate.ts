import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { GateAnswer, GateContext, OutsideGate } from '../ports.ts'

/** A kind of gate to test, with the world it asks. */
export interface GateUnderTest<G extends OutsideGate> {
  ask(gate: G, context: GateContext, signal: AbortSignal): Promise<GateAnswer>
  readonly context: GateContext
  /** One that passes. */
  readonly passing: G
  /** One that does not, because of what came; a secret is in its question, and the world says it back where it can. */
  readonly refusing: G
  /** What `refusing` says of what came. */
  readonly refusal: RegExp
  readonly secret: string
  /** Whether the world has heard the secret. */
  heard(): Promise<boolean>
  /** One that gets no answer, and waits longer for it than a test does. */
  readonly hanging: G
  /** One that gets no answer, and whose own time is over soon. */
  readonly brief: G
  /** One that looks up a secret which is not there. */
  readonly lacking: G
  /** Resolves when the world has been asked by `hanging`. */
  asked(): Promise<void>
  /** What is left of questions, such as processes and connections; empty when nothing is. */
  leftovers(): Promise<readonly string[]>
  close(): Promise<void>
}

/** Tests a driver cannot pass, and why. */
export interface GateSkip {
  readonly reason: string
  readonly tests: readonly GateTest[]
}

/** The names of the promises; a skip names some of them. */
export type GateTest =
  | 'what is as it should be passes'
  | 'what is not says in one sentence what came'
  | 'the same question twice has the same answer'
  | 'a secret is used and never told'
  | 'a secret that is not there is an answer that names it'
  | 'a question without an answer ends when its time is over'
  | 'an abort ends the question, and nothing of it is left'
  | 'after an abort nothing is asked'

type Check = <G extends OutsideGate>(given: GateUnderTest<G>) => Promise<void>

const never = (): AbortSignal => new AbortController().signal

function assertSentence({ why }: GateAnswer): void {
  assert.match(why, /^\S.*[.”]$/, 'one sentence for people')
  assert.ok(why.length < 3_000, 'short enough to be read')
}

async function nothingLeft<G extends OutsideGate>(given: GateUnderTest<G>): Promise<void> {
  const deadline = performance.now() + 30_000
  for (;;) {
    const left = await given.leftovers()
    if (left.length === 0) return
    assert.ok(performance.now() < deadline, `still there: ${left.join(', ')}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

const promises: Readonly<Record<GateTest, Check>> = {
  'what is as it should be passes': async (given) => {
    const answer = await given.ask(given.passing, given.context, never())
    assert.equal(answer.outcome, 'passed', answer.why)
    assertSentence(answer)
    await nothingLeft(given)
  },
  'what is not says in one sentence what came': async (given) => {
    const answer = await given.ask(given.refusing, given.context, never())
    assert.notEqual(answer.outcome, 'passed')
    assertSentence(answer)
    assert.match(answer.why, given.refusal)
    await nothingLeft(given)
  },
  'the same question twice has the same answer': async (given) => {
    for (const gate of [given.passing, given.refusing]) {
      const first = await given.ask(gate, given.context, never())
      assert.deepEqual(await given.ask(gate, given.context, never()), first)
    }
  },
  'a secret is used and never told': async (given) => {
    const { why } = await given.ask(given.refusing, given.context, never())
    assert.ok(await given.heard(), 'the world heard it')
    assert.ok(!why.includes(given.secret), why)
  },
  'a secret that is not there is an answer that names it': async (given) => {
    const answer = await given.ask(given.lacking, given.context, never())
    assert.notEqual(answer.outcome, 'passed')
    assertSentence(answer)
    assert.match(answer.why, /SERIN_TEST_ABSENT is not set/)
  },
  'a question without an answer ends when its time is over': async (given) => {
    const answer = await given.ask(given.brief, given.context, never())
    assert.notEqual(answer.outcome, 'passed')
    assertSentence(answer)
    await nothingLeft(given)
  },
  'an abort ends the question, and nothing of it is left': async (given) => {
    const stop = new AbortController()
    const reason = new Error('enough')
    const answer = assert.rejects(given.ask(given.hanging, given.context, stop.signal), (error) => error === reason)
    await given.asked()
    stop.abort(reason)
    await answer
    await nothingLeft(given)
  },
  'after an abort nothing is asked': async (given) => {
    const reason = new Error('too late')
    const asked = given.ask(given.refusing, given.context, AbortSignal.abort(reason))
    await assert.rejects(asked, (error) => error === reason)
    assert.ok(!(await given.heard()))
  },
}

/** Registers the promises of a kind of gate as tests. A driver that cannot keep one skips it and says why. */
export function gateContract<G extends OutsideGate>(
  name: string,
  open: () => Promise<GateUnderTest<G>>,
  skips: readonly GateSkip[] = [],
): void {
  void describe(`${name} keeps the gate contract`, () => {
    for (const [promise, check] of Object.entries(promises)) {
      const reason = skips.find((skip) => skip.tests.some((test) => test === promise))?.reason
      void it(promise, { skip: reason ?? false }, async () => {
        const given = await open()
        try {
          await check(given)
        } finally {
          await given.close()
        }
      })
    }
  })
}
