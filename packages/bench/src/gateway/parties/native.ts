import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { ownDirectory } from './end-with-us.ts'
import { startParty } from './party.ts'
import type { Party } from './party.ts'

const mostConnections = 5_000

/** Where a program of this machine is; undefined where there is none. */
export function programOf(name: string): string | undefined {
  return [name, `/usr/sbin/${name}`, `/usr/local/sbin/${name}`].find(
    (path) => spawnSync(path, ['-v']).error === undefined,
  )
}

/** How many client connections a proxy can have here: two files each, and what the machine allows. */
export function connectionsHere(): number {
  try {
    const soft = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1]
    return Math.min(mostConnections, Math.floor(Number(soft ?? Number.POSITIVE_INFINITY) / 2) - 100)
  } catch {
    return mostConnections
  }
}

/** How a proxy of this machine is started. */
export interface Native {
  readonly port: number
  readonly command: readonly [file: string, ...args: readonly string[]]
  readonly more: Pick<Party, 'h2Port' | 'change'> & { readonly afterwards?: () => void }
}

/** Starts a program of this machine with files of its own, if there is one. */
export async function openNative(
  name: string,
  { program: called, debianPackage }: { readonly program: string; readonly debianPackage: string },
  configure: (program: string, directory: string) => Promise<Native>,
): Promise<Party | { readonly absent: string }> {
  const program = programOf(called)
  if (program === undefined) return { absent: `There is no ${called} here (apt-get install ${debianPackage}).` }
  const directory = await ownDirectory(name)
  const { port, command, more } = await configure(program, directory.path)
  const { afterwards, ...verbs } = more
  const remove = async (): Promise<void> => {
    afterwards?.()
    await directory.remove()
  }
  return { ...(await startParty(name, command, { port, afterwards: remove })), ...verbs }
}
