import type { Socket } from 'node:net'

/** What Node's own `net` works with beneath a socket. It is not documented; the self-test says whether it is as it is known here. */
export interface Handle {
  reading: boolean
  /** Called after each read, with the bytes where no buffer was given; what it returns is the buffer from then on. */
  onread: (this: Handle, bytes?: ArrayBuffer) => unknown
  /** All bytes not yet taken by the kernel. */
  readonly writeQueueSize: number
  useUserBuffer(buffer: Uint8Array): void
  readStart(): number
  readStop(): number
  /** 0, or an error. What the kernel does not take at once is written later, and `oncomplete` of the request tells. */
  writeBuffer(request: WriteRequest, bytes: Uint8Array): number
}

/** A write under way. */
export interface WriteRequest {
  oncomplete?: (this: WriteRequest, status: number) => void
  /** Who asked for it. */
  link?: { written(status: number): void } | null
  /** Keeps the bytes until they are written. */
  bytes?: Uint8Array | null
}

/** What is needed besides the handles: how a write is asked for, and where the outcome of the last call is left. */
export interface Internals {
  readonly newRequest: new () => WriteRequest
  readonly state: Int32Array
  readonly readAt: number
  readonly asyncAt: number
}

/** Node's internals of streams, or null where they are not to be had. */
export function internalsOfNode(): Internals | null {
  try {
    const binding: unknown = (process as unknown as { binding(name: string): unknown }).binding('stream_wrap')
    const { WriteWrap, streamBaseState, kReadBytesOrError, kLastWriteWasAsync } = binding as Record<string, unknown>
    if (typeof WriteWrap !== 'function' || !(streamBaseState instanceof Int32Array)) return null
    if (typeof kReadBytesOrError !== 'number' || typeof kLastWriteWasAsync !== 'number') return null
    return {
      newRequest: WriteWrap as Internals['newRequest'],
      state: streamBaseState,
      readAt: kReadBytesOrError,
      asyncAt: kLastWriteWasAsync,
    }
  } catch {
    return null
  }
}

/** The handle of a socket, while it has one. */
export function handleOf(socket: Socket): Handle | null {
  return (socket as unknown as { readonly _handle: Handle | null })._handle
}
