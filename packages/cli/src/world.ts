/** Where a command writes to. A terminal knows its size. */
export interface Stream {
  write(text: string): unknown
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
  readonly rows?: number | undefined
}

/** Everything outside that a command may touch; the process gives the real one, tests their own. */
export interface World {
  readonly stdin: AsyncIterable<string | Uint8Array>
  readonly stdout: Stream
  readonly stderr: Stream
  readonly env: Readonly<Record<string, string | undefined>>
  /** Absolute path that relative paths start from. */
  readonly cwd: string
  /** Calls the listener for every Ctrl-C (and SIGTERM, SIGHUP) from now on; returns how to end that. Without a listener the process ends as usual. */
  onInterrupt(listener: () => void): () => void
  /** Calls the listener when the terminal has another size; returns how to end that. */
  onResize(listener: () => void): () => void
  /** Aborts when nobody reads stdout any more. */
  readonly hangUp: AbortSignal
}

/** A signal that aborts at the first interrupt or when nobody reads any more, and how to let go of both. */
export function untilInterrupted(world: World): { readonly signal: AbortSignal; readonly dispose: () => void } {
  const stop = new AbortController()
  const dispose = world.onInterrupt(() => stop.abort(new Error('interrupted')))
  return { signal: AbortSignal.any([stop.signal, world.hangUp]), dispose }
}
