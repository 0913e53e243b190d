import { readJson, writeAtomically } from '@serin/gateway'
import { open, rename, rm, stat } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'

const everyMs = 40
const chunkBytes = 262_144
/** A line that never ends is not kept. */
const longestLine = 131_072
/** Then a new file is begun. */
const mostBytes = 67_108_864
/** Looks in which an old file has to stay as it is before it is taken for finished: Envoy writes what it has gathered several times a second. */
const quietLooks = 25

/** Which file of a log is read, and up to where. */
interface Place {
  readonly inode: number
  readonly offset: number
}

/** What a tail has to know. */
export interface TailOptions {
  readonly file: string
  /** Where it keeps up to where it has read, so that who comes next goes on there. */
  readonly placeFile: string
  readonly onLine: (line: string) => void
  /** Makes who writes begin a new file. */
  readonly reopen: () => Promise<void>
  /** Bytes after which a new file is begun; 64 MiB when absent. */
  readonly mostBytes?: number
}

/**
 * Follows a log file from where an earlier process stopped, and over to the next when it is renamed. The place is kept before lines are told: after a
 * crash some are not told, and none twice.
 */
export class LogTail {
  readonly #options: TailOptions
  readonly #timer: NodeJS.Timeout
  #place: Place = { inode: 0, offset: 0 }
  #handle: FileHandle | null = null
  #rest = Buffer.alloc(0)
  #quiet = 0
  #turn: Promise<void> = Promise.resolve()
  #closed = false

  private constructor(options: TailOptions) {
    this.#options = options
    this.#timer = setInterval(() => {
      this.#turn = this.#turn.then(async () => await this.#look())
    }, everyMs).unref()
  }

  /** Begins where an earlier one stopped. */
  static async open(options: TailOptions): Promise<LogTail> {
    const tail = new LogTail(options)
    const before = await readJson(options.placeFile)
    if (isPlace(before)) tail.#place = before
    return tail
  }

  /** Stops following. */
  close(): void {
    this.#closed = true
    clearInterval(this.#timer)
    void this.#turn.then(async () => await this.#handle?.close())
  }

  async #look(): Promise<void> {
    if (this.#closed) return
    try {
      this.#handle ??= await this.#begun()
      if (this.#handle === null) return
      while (!this.#closed && (await this.#read(this.#handle)) > 0) this.#quiet = 0
      this.#quiet += 1
      await this.#turnOver(this.#handle)
    } catch {
      // Gone, or not to be read now: the next look tries again.
      await this.#handle?.close().catch(() => {})
      this.#handle = null
    }
  }

  get #old(): string {
    return `${this.#options.file}.old`
  }

  /** The old file first, when one was not finished. */
  async #begun(): Promise<FileHandle | null> {
    for (const file of [this.#old, this.#options.file]) {
      const handle = await open(file, 'r').catch(() => null)
      if (handle === null) continue
      const { ino, size } = await handle.stat()
      const known = this.#place.inode === ino && this.#place.offset <= size
      this.#place = { inode: ino, offset: known ? this.#place.offset : 0 }
      this.#rest = Buffer.alloc(0)
      return handle
    }
    return null
  }

  async #read(handle: FileHandle): Promise<number> {
    const { inode, offset } = this.#place
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(chunkBytes), 0, chunkBytes, offset + this.#rest.length)
    if (bytesRead === 0) return 0
    const all = Buffer.concat([this.#rest, buffer.subarray(0, bytesRead)])
    const end = all.lastIndexOf(10) + 1
    const tooLong = end === 0 && all.length > longestLine
    this.#rest = tooLong ? Buffer.alloc(0) : all.subarray(end)
    this.#place = { inode, offset: offset + (tooLong ? all.length : end) }
    await writeAtomically(this.#options.placeFile, JSON.stringify(this.#place))
    for (const line of all.toString('utf8', 0, end).split('\n')) if (line !== '') this.#options.onLine(line)
    return bytesRead
  }

  /** Leaves a file that another has taken the place of, once nothing comes any more; begins another when this one is long. */
  async #turnOver(handle: FileHandle): Promise<void> {
    const { file, mostBytes: most = mostBytes } = this.#options
    const now = await stat(file).catch(() => null)
    if (now?.ino === this.#place.inode) {
      if (now.size < this.#place.offset) this.#place = { inode: now.ino, offset: 0 }
      if (this.#place.offset < most) return
      await rename(file, this.#old)
      await this.#options.reopen()
      return
    }
    if (now === null || this.#quiet < quietLooks) return
    await handle.close()
    this.#handle = null
    await rm(this.#old, { force: true })
  }
}

function isPlace(value: unknown): value is Place {
  return (
    typeof value === 'object' &&
    value !== null &&
    'inode' in value &&
    'offset' in value &&
    Number.isSafeInteger(value.inode) &&
    Number.isSafeInteger(value.offset)
  )
}
