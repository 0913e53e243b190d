import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** The program of a version that streams and takes WebSockets. */
export const streamUpstream = fileURLToPath(new URL('stream-upstream.ts', import.meta.url))

/** Versions as processes of their own; all end with it. */
export interface StreamUpstreams extends AsyncDisposable {
  /** Starts one; returns its base address. */
  start(version: string): Promise<string>
}

/** Opens a place for upstreams that stream. */
export function openStreamUpstreams(): StreamUpstreams {
  const children: ChildProcess[] = []
  return {
    async start(version) {
      const child = fork(streamUpstream, ['0', version])
      children.push(child)
      const [{ listening }] = (await once(child, 'message')) as [{ readonly listening: { readonly port: number } }]
      return `http://127.0.0.1:${listening.port}`
    },
    async [Symbol.asyncDispose]() {
      for (const child of children) child.kill('SIGKILL')
    },
  }
}
