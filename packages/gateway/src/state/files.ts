import { mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/** Writes a file so that a reader, or a crash at any moment, finds the old or the new content, whole. Owner-only. */
export async function writeAtomically(file: string, text: string): Promise<void> {
  const temporary = `${file}.${process.pid}.tmp`
  try {
    const handle = await open(temporary, 'w', 0o600)
    try {
      await handle.writeFile(text)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(temporary, file)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
  const directory = await open(dirname(file), 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}

/** The parsed JSON of a file, or undefined when there is none or it is not JSON. */
export async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'))
  } catch {
    return undefined
  }
}

/** Makes the owner-only state directory and names its files. */
export async function openStateDirectory(
  directory: string,
): Promise<{ readonly table: string; readonly identity: string; readonly reflex: string }> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  return {
    table: join(directory, 'table.json'),
    identity: join(directory, 'gateway.json'),
    reflex: join(directory, 'reflex.json'),
  }
}
