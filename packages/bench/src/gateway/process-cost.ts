import { readdir, readFile } from 'node:fs/promises'

/** CPU time of a process and its children so far, in µs, all threads; NaN where there is no `/proc`. */
export async function cpuUsOf(pid: number): Promise<number> {
  return await sumOver(pid, async (each) => {
    const tasks = await readdir(`/proc/${each}/task`)
    const texts = await Promise.all(
      tasks.map(async (task) => await readFile(`/proc/${each}/task/${task}/schedstat`, 'utf8').catch(() => '0')),
    )
    return texts.reduce((sum, text) => sum + Number(text.split(' ')[0]) / 1_000, 0)
  })
}

/** Resident memory of a process and its children, in MB; pages they share count for each of them. NaN where there is no `/proc`. */
export async function rssMBOf(pid: number): Promise<number> {
  return await sumOver(pid, async (each) => {
    const kB = /^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${each}/status`, 'utf8'))?.[1]
    return Number(kB ?? 0) / 1_024
  })
}

async function sumOver(pid: number, read: (pid: number) => Promise<number>): Promise<number> {
  try {
    const values = await Promise.all((await familyOf(pid)).map(read))
    return values.reduce((sum, value) => sum + value, 0)
  } catch {
    return Number.NaN
  }
}

async function familyOf(pid: number): Promise<readonly number[]> {
  const tasks = await readdir(`/proc/${pid}/task`)
  const texts = await Promise.all(
    tasks.map(async (task) => await readFile(`/proc/${pid}/task/${task}/children`, 'utf8').catch(() => '')),
  )
  const children = texts.flatMap((text) =>
    text
      .split(' ')
      .filter((child) => child !== '')
      .map(Number),
  )
  return [pid, ...(await Promise.all(children.map(familyOf))).flat()]
}
