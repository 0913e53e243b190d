import type { Clock } from '@serin/kit'

/** Runs an act with a signal that aborts with the given one, or once the clock says that patience is over. */
export async function withPatience<Result>(
  { clock, ms, signal }: { readonly clock: Clock; readonly ms: number; readonly signal: AbortSignal },
  act: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const late = new AbortController()
  const done = new AbortController()
  clock.sleep(ms, done.signal).then(
    () => late.abort(new DOMException(`No answer within ${ms / 1_000} s.`, 'TimeoutError')),
    () => undefined,
  )
  try {
    return await act(AbortSignal.any([signal, late.signal]))
  } finally {
    done.abort('done')
  }
}
