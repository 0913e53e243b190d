import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** What a script said at its end. */
export interface Ran {
  readonly status: number | null
  readonly output: string
}

/** Root may mount at once; others may where the system lets them have a user namespace of their own. */
const namespaces = [['--mount'], ['--mount', '--user', '--map-root-user']] as const

function mounted(flags: readonly string[], then: readonly string[], megabytes = 1): Ran {
  const disk = mkdtempSync(join(tmpdir(), 'serin-disk-'))
  const mount = `mount -t tmpfs -o size=${megabytes}m,mode=0700 serin-test "$0" && exec "$@" "$0"`
  const options = { encoding: 'utf8', timeout: 240_000 } as const
  const ran = spawnSync('unshare', [...flags, 'sh', '-c', mount, disk, ...then], options)
  rmSync(disk, { recursive: true, force: true })
  return { status: ran.status, output: `${ran.error?.message ?? ''}${ran.stdout ?? ''}${ran.stderr ?? ''}` }
}

/** Why no disk can be mounted here, or false when one can: for a test's `skip`. */
export function noSmallDisk(): string | false {
  const tries = namespaces.map((flags) => mounted(flags, ['true']))
  return tries.some(({ status }) => status === 0)
    ? false
    : `No file system can be mounted here (that needs root or user namespaces): ${tries.at(-1)?.output.trim()}`
}

/** Runs a script on a real disk of its own, whose directory is its argument: a tmpfs in a mount namespace, which ends with the script. */
export function onSmallDisk(script: URL, { megabytes }: { readonly megabytes: number }): Ran {
  const flags = namespaces.find((candidate) => mounted(candidate, ['true']).status === 0) ?? []
  return mounted(flags, [process.execPath, fileURLToPath(script)], megabytes)
}
