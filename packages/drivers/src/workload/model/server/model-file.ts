import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import { modelBytesMax } from './limits.ts'
import { Unloadable } from './unloadable.ts'

/** A model file as it was read. */
export interface ModelFile {
  readonly path: string
  readonly bytes: Uint8Array
  /** Hex. */
  readonly sha256: string
}

/** The whole file and its checksum. Rejects with `Unloadable` when there is no such file or it cannot be read. */
export async function readModelFile(path: string): Promise<ModelFile> {
  const bytes = await readWithin(path, modelBytesMax)
  if (bytes === null) throw new Unloadable(`${path} does not exist.`)
  return { path, bytes, sha256: createHash('sha256').update(bytes).digest('hex') }
}

/** A regular file of at most so many bytes, or null when there is none. Rejects with `Unloadable`. */
export async function readWithin(path: string, bytesMax: number): Promise<Buffer | null> {
  try {
    await using file = await open(path)
    const stat = await file.stat()
    if (!stat.isFile()) throw new Unloadable(`${path} is not a file.`)
    if (stat.size > bytesMax) throw new Unloadable(`${path} has ${stat.size} bytes, more than the ${bytesMax} allowed.`)
    return await file.readFile()
  } catch (error) {
    if (error instanceof Unloadable) throw error
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    if (code === 'ENOENT' || code === 'ENOTDIR') return null
    throw new Unloadable(`${path} cannot be read: ${code}.`, { cause: error })
  }
}
