import { batch } from '@preact/signals'
import type { JournalLine } from '@serin/sdk'
import type { ServiceStatus } from '@serin/spec'
import { client, link, me, now, problem, services, session, setSession, take, takeLines } from './state.ts'

const retryMs = 1_000
/** What comes within this is shown at once: fifty services that speak every second are not fifty pictures. */
const gatherMs = 100

/** Follows the control plane for as long as the page is open and somebody is logged in: who that is, the youngest lines, then one event stream. */
export function connect(): () => void {
  const ending = new AbortController()
  const tick = setInterval(() => (now.value = Date.now()), 1_000)
  void follow(ending.signal)
  return () => {
    clearInterval(tick)
    ending.abort()
  }
}

/** Tells a failure of something that was asked for. Who is not logged in any more is told by the page itself. */
export function tell(error: unknown): void {
  if (endsSession(error)) setSession(null)
  else problem.value = error instanceof Error ? error.message : String(error)
}

async function follow(signal: AbortSignal): Promise<void> {
  while (!signal.aborted && session.value !== null) {
    try {
      me.value = await client.value.whoami({}, signal)
      takeLines((await client.value.journal({ newest: 'true', limit: 300 }, signal)).entries)
      // The list tells which services there are no more.
      const { services: all } = await client.value.listServices({}, signal)
      services.value = new Map(all.map((each) => [each.name, each]))
      await listen(signal)
    } catch (error) {
      if (signal.aborted) return
      if (endsSession(error)) return setSession(null)
      link.value = { ...link.value, state: 'lost' }
    }
    await new Promise((resolve) => setTimeout(resolve, retryMs))
  }
}

async function listen(signal: AbortSignal): Promise<void> {
  const told = (sign: 'open' | 'heard' | 'lost') => {
    link.value = sign === 'lost' ? { ...link.value, state: 'lost' } : { state: 'live', heardAt: Date.now() }
    now.value = Date.now()
  }
  const gathered: { statuses: ServiceStatus[]; lines: JournalLine[] } = { statuses: [], lines: [] }
  let timer: ReturnType<typeof setTimeout> | undefined
  const show = () => {
    timer = undefined
    const { statuses, lines } = gathered
    ;[gathered.statuses, gathered.lines] = [[], []]
    batch(() => {
      if (statuses.length > 0) take(statuses)
      if (lines.length > 0) takeLines(lines)
    })
  }
  try {
    for await (const event of client.value.events({ signal, told })) {
      if (event.type === 'service') gathered.statuses.push(event.status)
      else gathered.lines.push(event.entry)
      timer ??= setTimeout(show, gatherMs)
    }
  } finally {
    clearTimeout(timer)
    if (!signal.aborted) show()
  }
}

function endsSession(error: unknown): boolean {
  const code = error !== null && typeof error === 'object' && 'code' in error ? error.code : undefined
  return code === 'session.over' || code === 'auth.missing' || code === 'auth.refused'
}
