import type { DriverContext, EvidenceSource, GateRunner, Store, TrafficRouter, WorkloadRunner } from '@serin/kit'
import { SerinError } from '@serin/spec'

type Router = TrafficRouter & EvidenceSource

/** What acts on the world. */
interface Reach {
  readonly gates: GateRunner
  readonly openRouter: (context: DriverContext) => Promise<Router>
  readonly openWorkload: (context: DriverContext) => WorkloadRunner
}

/**
 * Keeps a control plane that has lost its store from doing anything: nothing is written, no router, workload or gate is told anything, and whoever asked
 * hears so. What was on its way already a router ignores: it obeys a later control plane before an earlier one.
 */
export class Fence {
  readonly #store: Store
  readonly #taken: () => void

  /** `taken` hears of it whenever somebody runs into the fence. */
  constructor(store: Store, taken: () => void) {
    this.#store = store
    this.#taken = taken
  }

  /** Everything an engine reaches, from behind the fence. */
  around({ gates, openRouter, openWorkload }: Reach): Reach & { readonly store: Store } {
    return {
      store: this.#written(),
      gates: this.#gates(gates),
      openRouter: async (context) => this.#router(await openRouter(context)),
      openWorkload: (context) => this.#workload(openWorkload(context)),
    }
  }

  /** The store, which writes only while it is held. */
  #written(): Store {
    const store = this.#store
    return {
      epoch: store.epoch,
      isHeld: () => store.isHeld(),
      commit: (commit) => this.#within(() => store.commit(commit)),
      get: (key) => store.get(key),
      list: (prefix) => store.list(prefix),
      journal: (query) => store.journal(query),
      evidence: (series, from, to) => store.evidence(series, from, to),
      expire: (before) => this.#within(() => store.expire(before)),
      verify: () => store.verify(),
      close: () => store.close(),
    }
  }

  /** Every table says which control plane sends it. */
  #router(router: Router): Router {
    const { epoch } = this.#store
    return {
      get capabilities() {
        return router.capabilities
      },
      observe: async (signal) => await router.observe(signal),
      apply: async (table, signal) => await this.#within(() => router.apply({ ...table, epoch }, signal)),
      release: async (signal) => await this.#within(() => router.release(signal)),
      slots: (after, signal) => router.slots(after, signal),
    }
  }

  #workload(runner: WorkloadRunner): WorkloadRunner {
    return {
      ensure: (version, spec) => this.#within(() => runner.ensure(version, spec)),
      dismiss: (version, replica) => this.#within(() => runner.dismiss(version, replica)),
      observe: (version) => runner.observe(version),
      versions: () => runner.versions(),
      stop: async (version, signal) => await this.#within(() => runner.stop(version, signal)),
      detach: () => runner.detach(),
    }
  }

  #gates(runner: GateRunner): GateRunner {
    return {
      ask: async (gate, context, signal) => await this.#within(() => runner.ask(gate, context, signal)),
      tell: async (notice, news, signal) => await this.#within(() => runner.tell(notice, news, signal)),
    }
  }

  /** Does it, if the store is held before and did not turn out to be lost. */
  #within<Result>(act: () => Result): Result {
    if (!this.#store.isHeld()) {
      this.#taken()
      throw takenOver()
    }
    try {
      return act()
    } catch (error) {
      if (error instanceof SerinError && error.code === 'store.taken') this.#taken()
      throw error
    }
  }
}

/** What whoever asks an engine that has not started, or does nothing any more, is told. */
export function notReady(store: Store): SerinError {
  if (!store.isHeld()) return takenOver()
  return new SerinError('control-plane.not-ready', 'The control plane is starting or going away.')
}

function takenOver(): SerinError {
  return new SerinError(
    'store.taken',
    'Another control plane has taken the store over; this one does nothing any more.',
  )
}
