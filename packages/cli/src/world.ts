/** Where a command writes to. A terminal knows its size. */
export interface Stream {
  write(text: string): unknown
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
  readonly rows?: number | undefined
}

/** A keyboard whose keys come one by one, and are not shown. */
export interface Keys {
  /** Calls the listener for each key; returns how to give the keyboard back. Ctrl-C still interrupts. `suspend` and `continue` come around a Ctrl-Z. */
  listen(listener: (key: string) => void): () => void
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
  /** Null where nobody can press a key, or only for somebody else. */
  readonly keys: Keys | null
  /** Calls the listener if the process ends without having come to an end, such as by a mistake of ours; returns how to end that. */
  onExit(listener: () => void): () => void
  /** Aborts when nobody reads stdout any more. */
  readonly hangUp: AbortSignal
}

/** The same stream, written to in another way. A terminal that was resized says so here too. */
export function writtenBy(stream: Stream, write: Stream['write']): Stream {
  return {
    write,
    get isTTY() {
      return stream.isTTY
    },
    get columns() {
      return stream.columns
    },
    get rows() {
      return stream.rows
    },
  }
}

/** Whether what was written can be written over: a log of CI keeps every picture, and a dumb terminal cannot go back. */
export function isRepaintable({ isTTY }: Stream, env: World['env']): boolean {
  return isTTY === true && ['', '0', 'false'].includes(env['CI'] ?? '') && env['TERM'] !== 'dumb'
}

/** A signal that aborts at the first interrupt, at `stop`, or when nobody reads any more, and how to let go of it. */
export function untilInterrupted(world: World): {
  readonly signal: AbortSignal
  readonly dispose: () => void
  readonly stop: () => void
} {
  const stopping = new AbortController()
  const stop = () => stopping.abort(new Error('interrupted'))
  return { signal: AbortSignal.any([stopping.signal, world.hangUp]), dispose: world.onInterrupt(stop), stop }
}
