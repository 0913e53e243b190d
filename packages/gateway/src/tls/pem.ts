import { readFile, stat } from 'node:fs/promises'

/** Reads a file of the edge; rejects with a sentence that calls it what it is. */
export async function readPem(what: 'certificate' | 'key' | 'file of authorities', file: string): Promise<Buffer> {
  try {
    return await readFile(file)
  } catch (error) {
    throw new Error(`The ${what} ${file} cannot be read: ${wordsOf(error)}.`, { cause: error })
  }
}

/** What tells one state of files from another; they may be missing. */
export async function stateOf(files: readonly string[]): Promise<string> {
  const states = files.map(async (file) => {
    try {
      const { mtimeMs, size, ino, mode } = await stat(file)
      return `${mtimeMs}/${size}/${ino}/${mode}`
    } catch {
      return '-'
    }
  })
  return (await Promise.all(states)).join(' ')
}

/** What an error says. */
export function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
