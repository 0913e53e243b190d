import type { EvidenceSource, TrafficRouter } from '@serin/kit'

type Router = TrafficRouter & EvidenceSource

/**
 * A router that is opened when it is first needed, and tried again at the next need when that failed: a service whose port is taken says so at
 * every verb until it is free, and keeps nobody else from starting.
 */
export function lazyRouter(open: () => Promise<Router>): Router {
  let opening: Promise<Router> | null = null
  let opened: Router | null = null
  const ready = async (): Promise<Router> => {
    if (opened !== null) return opened
    opening ??= open().finally(() => {
      opening = null
    })
    opened = await opening
    return opened
  }
  return {
    get capabilities() {
      return opened?.capabilities ?? { granularityBp: 1, rules: false, websocket: false }
    },
    observe: async (signal) => await (await ready()).observe(signal),
    apply: async (table, signal) => await (await ready()).apply(table, signal),
    // One that never could be opened has left nothing behind.
    release: async (signal) => {
      await opening?.catch(() => undefined)
      await opened?.release(signal)
    },
    slots: async function* (after, signal) {
      const router = await ready()
      yield* router.slots(after, signal)
    },
  }
}
