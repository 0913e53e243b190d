import { createMemoryMedium, openMemoryStore } from '@serin/drivers/store/memory'
import { Engine } from '@serin/engine'
import type {
  Clock,
  Commit,
  EvidenceSource,
  GateRunner,
  JournalEntry,
  Store,
  TrafficRouter,
  WorkloadRunner,
} from '@serin/kit'
import { SerinError } from '@serin/spec'
import type { DataPlane } from './data-plane.ts'
import type { Fleet } from './fleet.ts'
import type { VirtualClock } from './virtual-clock.ts'

/** What is thrown into the engine when its process dies; nobody can catch it and live. */
class Death extends Error {
  constructor() {
    super('the control plane was killed')
    this.name = 'Death'
  }
}

/** Where a process stands still. */
type Hesitation = 'next-question' | 'next-table'

/** One process of the control plane: when it is dead, none of its ports does anything any more. */
interface Life {
  dead: boolean
  /** Resolves when the process goes on; null while it does. What it was waiting for has come meanwhile, but it knows of nothing. */
  frozen: Promise<void> | null
  /** For how long it will stand still, and at what: when it has asked its next question, or when it is about to send its next table. */
  standstill: { readonly ms: number; readonly at: Hesitation } | null
  /** Hears when it begins to stand still, and when it goes on. */
  readonly stands: (more: 1 | -1) => void
  /** Effects until it dies, and whether the last one still happens. */
  fuse: { left: number; readonly happens: boolean } | null
}

/** What a control plane works with; all of it outlives the process. */
export interface ControlPlaneOptions {
  readonly clock: VirtualClock
  readonly dataPlane: DataPlane
  readonly fleet: Fleet
  readonly gateKeeper: GateRunner
}

/** The real engine in a process that can be killed between any two effects and started anew over the same store. */
export class ControlPlane {
  readonly #medium = createMemoryMedium()
  /** For reading only: whoever is alive writes. */
  readonly store: Store = openMemoryStore(this.#medium)
  /** The store writes nothing while this is true. */
  full = false
  lives = 0
  /** Processes that stand still. */
  standing = 0
  /** Processes that found another in their place. */
  fenced = 0
  /** Everything that became durable. */
  readonly onCommit = new Set<(commit: Commit, entries: readonly JournalEntry[]) => void>()
  /** Errors that nobody foresaw. */
  readonly defects: string[] = []
  readonly #options: ControlPlaneOptions
  #life: Life | null = null
  #engine: Engine | null = null

  constructor(options: ControlPlaneOptions) {
    this.#options = options
  }

  /** The running engine, or null while nobody answers: the process is dead, or stands still. */
  get engine(): Engine | null {
    return this.#life?.dead === false && this.#life.frozen === null ? this.#engine : null
  }

  /** The running engine; throws when the process is dead. */
  running(): Engine {
    if (this.engine === null) throw new Error('The control plane does not answer.')
    return this.engine
  }

  /** Starts a process; resolves when it has taken up its work, or has died trying. */
  async start(): Promise<void> {
    const life: Life = {
      dead: false,
      frozen: null,
      standstill: null,
      fuse: null,
      stands: (more) => {
        this.standing += more
      },
    }
    this.lives += 1
    this.#life = life
    const { clock, dataPlane, fleet, gateKeeper } = this.#options
    const router = mortal(life, dataPlane.port(), clock)
    const workload = mortal(life, fleet.workload, clock)
    this.#engine = new Engine({
      store: this.#store(life),
      clock: this.#clock(life),
      openRouter: async () => router,
      openWorkload: () => workload,
      gates: mortal(life, gateKeeper, clock),
      stateDirectory: (service) => `/nowhere/${service}`,
      onTaken: () => {
        this.fenced += 1
      },
      onDefect: (error) => {
        if (!life.dead) this.defects.push(error instanceof Error ? (error.stack ?? error.message) : String(error))
      },
    })
    await this.#engine.start().catch(mourned)
  }

  /**
   * The process stands still, as one does that was swapped out or stopped by a signal, and goes on after a while as if nothing had been. It begins where that
   * hurts most: when it has just asked somebody something; or with its next table in its hand, after it has looked whether it may send it, so that nobody
   * but the router can refuse it.
   */
  freeze(ms: number, at: Hesitation = 'next-question'): void {
    if (this.#life !== null) this.#life.standstill ??= { ms, at }
  }

  /** Kills the process `effects` effects from now: just before that effect, or just after it. */
  killAfter(effects: number, happens: boolean): void {
    if (this.#life !== null) this.#life.fuse = { left: effects, happens }
  }

  /** Stops the engine as an operator would, everything goes on. */
  async stop(): Promise<void> {
    await this.engine?.stop({ keep: true })
  }

  #clock(life: Life): Clock {
    const { clock } = this.#options
    return {
      now: () => clock.now(),
      sleep: async (ms, signal) => {
        if (life.dead) return await new Promise(() => undefined)
        await noticed(life, clock.sleep(ms, signal))
      },
    }
  }

  #store(life: Life): Store {
    const own = openMemoryStore(this.#medium)
    return {
      ...mortal(life, own, this.#options.clock),
      commit: (commit) => {
        alive(life)
        if (this.full) throw new SerinError('store.full', 'The disk is full.')
        return effect(life, () => {
          const entries = own.commit(commit)
          for (const listener of this.onCommit) listener(commit, entries)
          return entries
        })
      },
    }
  }
}

/** Nothing to do about a death; everything else is a defect and must be seen. */
function mourned(error: unknown): void {
  if (!(error instanceof Death)) throw error
}

function alive(life: Life): void {
  if (life.dead) throw new Death()
}

/** Performs one effect, unless the process dies before it. */
function effect<Result>(life: Life, act: () => Result): Result {
  alive(life)
  const { fuse } = life
  if (fuse === null) return act()
  fuse.left -= 1
  if (fuse.left > 0) return act()
  // Whatever comes of it, nobody is there to hear.
  if (fuse.happens) Promise.resolve(act()).catch(() => undefined)
  life.dead = true
  throw new Death()
}

/** `ensure` is said four times a second and changes nothing but once: dying at it is dying at a tick. */
const effects = new Set(['apply', 'stop', 'release', 'dismiss', 'ask', 'tell'])

/** A port that works only while its process lives, and whose effects can be its last. */
function mortal<Port extends Store | WorkloadRunner | GateRunner | (TrafficRouter & EvidenceSource)>(
  life: Life,
  port: Port,
  clock: Clock,
): Port {
  return new Proxy(port, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name)
      if (typeof value !== 'function' || typeof name !== 'string') return value
      return (...given: unknown[]) => {
        const act = (): unknown => Reflect.apply(value, target, given)
        alive(life)
        if (name === 'apply' && hesitates(life, 'next-table', clock)) {
          // What was begun goes out as soon as the process goes on, before it notices that it has lost its patience.
          const late = [given[0], new AbortController().signal]
          return noticed(
            life,
            heldBack(life, () => effect(life, () => Reflect.apply(value, target, late))),
          )
        }
        const result = effects.has(name) ? effect(life, act) : act()
        if (name === 'slots') return heard(life, result as ReturnType<EvidenceSource['slots']>)
        if (!(result instanceof Promise)) return result
        hesitates(life, 'next-question', clock)
        return noticed(life, result)
      }
    },
  })
}

/** Lets the process stand still if it is to do so here. */
function hesitates(life: Life, at: Hesitation, clock: Clock): boolean {
  const { standstill } = life
  if (standstill?.at !== at || life.frozen !== null) return false
  life.standstill = null
  life.stands(1)
  life.frozen = thaw(life, clock.sleep(standstill.ms))
  return true
}

async function thaw(life: Life, over: Promise<void>): Promise<void> {
  await over
  life.frozen = null
  life.stands(-1)
}

/** Does what the process had begun when it stood still, whatever has happened meanwhile. */
async function heldBack(life: Life, act: () => unknown): Promise<unknown> {
  await life.frozen
  return await act()
}

/** An answer to a process that stands still waits until it goes on. */
async function noticed(life: Life, answer: Promise<unknown>): Promise<unknown> {
  try {
    return await answer
  } finally {
    await life.frozen
  }
}

/** What comes to a process that stands still waits for it. */
async function* heard<Item>(life: Life, items: AsyncIterable<Item>): AsyncIterable<Item> {
  for await (const item of items) {
    if (life.frozen !== null) await life.frozen
    yield item
  }
}
