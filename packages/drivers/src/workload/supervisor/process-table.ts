import { readdir, readFile, readlink } from 'node:fs/promises'
import { parseStat, type ProcessIdentity, type ProcessStat } from './process-identity.ts'

/** Name of the variable by which a replica and everything it starts can be found. */
export const tokenVariable = 'SERIN_REPLICA_TOKEN'

/** A process that runs. */
export interface ProcessRow extends ProcessIdentity, ProcessStat {
  readonly startTime: number
}

/** Every process that runs, or null where `/proc` is missing. */
export async function listProcesses(): Promise<readonly ProcessRow[] | null> {
  let names: readonly string[]
  try {
    names = await readdir('/proc')
  } catch {
    return null
  }
  const pids = names.filter((name) => /^\d+$/.test(name)).map(Number)
  if (pids.length === 0) return null
  const rows = await Promise.all(
    pids.map(async (pid): Promise<readonly ProcessRow[]> => {
      const stat = await readStat(pid)
      return stat === null ? [] : [{ pid, ...stat }]
    }),
  )
  return rows.flat()
}

/** What belongs to a replica: its process group and everything that inherited its token. Null where `/proc` is missing. */
export async function membersOf(leader: ProcessIdentity | null, token: string): Promise<readonly ProcessRow[] | null> {
  const rows = await listProcesses()
  if (rows === null) return null
  const own = await Promise.all(
    rows.map(async (row) => {
      if (row.pid === process.pid) return false
      // A group of the same number that began earlier is somebody else's; so is a later one that does not know the token.
      if (row.pid === leader?.pid && row.startTime === leader.startTime) return true
      return await hasToken(row.pid, token)
    }),
  )
  const known = rows.filter((_, i) => own[i] === true)
  const groups = new Set(known.filter((row) => row.group !== 0).map((row) => row.group))
  // Members that cleared their environment are known by a group that a member leads or shares.
  return rows.filter((row) => known.includes(row) || (groups.has(row.group) && leader?.pid === row.group))
}

/** Resident memory of a process in bytes; 0 when it has just gone. */
export async function residentBytesOf(pid: number): Promise<number> {
  try {
    const status = await readFile(`/proc/${pid}/status`, 'utf8')
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1_024
  } catch {
    return 0
  }
}

/** Whether one of the processes listens on the port; null when the system does not tell. */
export async function listensOn(port: number, pids: readonly number[]): Promise<boolean | null> {
  const sockets = new Set<string>()
  try {
    for (const file of ['/proc/net/tcp', '/proc/net/tcp6']) {
      const table = await readFile(file, 'utf8').catch((error: unknown) => {
        if (file.endsWith('6')) return ''
        throw error
      })
      for (const inode of listenersIn(table, port)) sockets.add(`socket:[${inode}]`)
    }
  } catch {
    return null
  }
  for (const pid of pids) {
    const held = await readdir(`/proc/${pid}/fd`).catch(() => [])
    const targets = await Promise.all(held.map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')))
    if (targets.some((target) => sockets.has(target))) return true
  }
  return false
}

/** Inodes of the sockets that listen on a port, from the text of `/proc/net/tcp`. */
export function listenersIn(table: string, port: number): readonly string[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  return table.split('\n').flatMap((line) => {
    const [, local, , state, , , , , , inode] = line.trim().split(/\s+/)
    return state === '0A' && local?.endsWith(suffix) === true && inode !== undefined ? [inode] : []
  })
}

async function readStat(pid: number): Promise<ProcessStat | null> {
  try {
    return parseStat(await readFile(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return null
  }
}

async function hasToken(pid: number, token: string): Promise<boolean> {
  try {
    const environment = await readFile(`/proc/${pid}/environ`, 'utf8')
    return environment.split('\0').includes(`${tokenVariable}=${token}`)
  } catch {
    return false
  }
}
