import type { ChildProcess } from 'node:child_process'
import { rmSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const children = new Set<ChildProcess>()
const directories = new Set<string>()

/** Until the result is called, no proxy and none of its files outlives this process, however it is ended. */
export function endWithUs(): () => void {
  const endAll = (): void => {
    // Not SIGKILL: the worker of nginx would outlive its master.
    for (const child of children) child.kill('SIGTERM')
    for (const directory of directories) removeNow(directory)
  }
  const leave = (): void => process.exit(130)
  process.on('exit', endAll).on('SIGTERM', leave).on('SIGINT', leave)
  return () => void process.off('exit', endAll).off('SIGTERM', leave).off('SIGINT', leave)
}

/** A proxy that is ending removes files of its own meanwhile: what is gone under the hands of `rmSync` makes it give up. */
function removeNow(directory: string): void {
  for (let tries = 0; tries < 5; tries += 1) {
    try {
      rmSync(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 })
      return
    } catch {}
  }
}

/** Ends a child with this process. */
export function adopt(child: ChildProcess): void {
  children.add(child)
  child.once('exit', () => children.delete(child)).once('error', () => children.delete(child))
}

/** A directory for the files of a proxy, and what removes it. */
export async function ownDirectory(
  name: string,
): Promise<{ readonly path: string; readonly remove: () => Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), `serin-bench-${name}-`))
  directories.add(path)
  const remove = async (): Promise<void> => {
    await rm(path, { recursive: true, force: true })
    directories.delete(path)
  }
  return { path, remove }
}
