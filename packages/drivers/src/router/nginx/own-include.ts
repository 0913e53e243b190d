import { writeAtomically } from '@serin/gateway'
import { constants } from 'node:fs'
import { access, copyFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { textOf } from '../proxy/daemon.ts'

/** A file among somebody's own that is Serin's for a time; what was there is kept in the state directory. */
export class IncludeFile {
  readonly path: string
  readonly #keptIn: string

  constructor(path: string, keptIn: string) {
    this.path = path
    this.#keptIn = keptIn
  }

  /** What it says; nothing when there is none. */
  async text(): Promise<string> {
    return await textOf(this.path)
  }

  async write(text: string): Promise<void> {
    await writeAtomically(this.path, text)
  }

  /** Keeps what is there under a name. */
  async keep(name: string): Promise<void> {
    await this.forget(name)
    if (await exists(this.path)) await copyFile(this.path, this.#kept(name))
  }

  /** Puts back what was kept under a name, byte by byte and with its mode; without any the file goes. */
  async restore(name: string): Promise<void> {
    if (!(await exists(this.#kept(name)))) return await rm(this.path, { force: true })
    const temporary = `${this.path}.${process.pid}.tmp`
    await copyFile(this.#kept(name), temporary)
    await rename(temporary, this.path)
  }

  /** Keeps it no longer. */
  async forget(name: string): Promise<void> {
    await rm(this.#kept(name), { force: true })
  }

  #kept(name: string): string {
    return join(this.#keptIn, name)
  }
}

async function exists(path: string): Promise<boolean> {
  return await access(path, constants.F_OK).then(
    () => true,
    () => false,
  )
}
