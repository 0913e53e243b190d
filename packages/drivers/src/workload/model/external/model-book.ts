import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** What the next control plane has to know of a model on a server. */
export interface ModelEntry {
  /** Base address of the server. */
  readonly server: string
  /** Name on the server. */
  readonly model: string
  readonly version: string
  /** Whether the server was asked to load it, and whether it said that it had. What was never asked for from here is not unloaded from here. */
  readonly loaded: 'no' | 'asked' | 'yes'
  /** Since when it is wanted: the time to get ready counts from here. */
  readonly wantedSince: number
  readonly readySince: number | null
  readonly everReady: boolean
  readonly restarts: number
}

/** The models that are looked after, in one owner-only file that is replaced whole. */
export class ModelBook {
  readonly directory: string
  readonly #file: string
  #entries: ReadonlyMap<string, ModelEntry>

  /** Opens the book as it was left. What is no whole entry is nobody's. */
  constructor(directory: string) {
    this.directory = directory
    this.#file = join(directory, 'models.json')
    this.#entries = new Map(read(this.#file).map((entry) => [keyOf(entry), entry]))
  }

  get entries(): readonly ModelEntry[] {
    return [...this.#entries.values()]
  }

  find(key: Pick<ModelEntry, 'server' | 'model' | 'version'>): ModelEntry | null {
    return this.#entries.get(keyOf(key)) ?? null
  }

  /** Whether a version that came later was put under the same name on the same server, and took its place there. */
  isSuperseded({ server, model, version, wantedSince }: ModelEntry): boolean {
    return this.entries.some(
      (other) =>
        other.server === server &&
        other.model === model &&
        other.version !== version &&
        other.loaded !== 'no' &&
        other.wantedSince > wantedSince,
    )
  }

  /** Writes an entry down. Throws what the system says, such as a full disk, and is then as before. */
  put(entry: ModelEntry): void {
    this.#replace(new Map(this.#entries).set(keyOf(entry), entry))
  }

  /** Strikes an entry out. Throws what the system says, and is then as before. */
  remove(key: Pick<ModelEntry, 'server' | 'model' | 'version'>): void {
    const next = new Map(this.#entries)
    if (next.delete(keyOf(key))) this.#replace(next)
  }

  #replace(next: Map<string, ModelEntry>): void {
    this.#write([...next.values()])
    this.#entries = next
  }

  #write(entries: readonly ModelEntry[]): void {
    if (entries.length === 0) return rmSync(this.#file, { force: true })
    mkdirSync(this.directory, { recursive: true, mode: 0o700 })
    chmodSync(this.directory, 0o700)
    const temporary = `${this.#file}.new`
    try {
      writeFileSync(temporary, `${JSON.stringify({ models: entries })}\n`, { mode: 0o600 })
      renameSync(temporary, this.#file)
    } catch (error) {
      rmSync(temporary, { force: true })
      throw error
    }
  }
}

function keyOf({ server, model, version }: Pick<ModelEntry, 'server' | 'model' | 'version'>): string {
  return JSON.stringify([server, model, version])
}

const shape = {
  server: 'string',
  model: 'string',
  version: 'string',
  loaded: 'string',
  wantedSince: 'number',
  everReady: 'boolean',
  restarts: 'number',
} as const

function read(file: string): readonly ModelEntry[] {
  try {
    const value = JSON.parse(readFileSync(file, 'utf8')) as { readonly models?: unknown } | null
    return Array.isArray(value?.models) ? value.models.filter(isEntry) : []
  } catch {
    return []
  }
}

function isEntry(value: unknown): value is ModelEntry {
  if (typeof value !== 'object' || value === null) return false
  const fields = new Map<string, unknown>(Object.entries(value))
  const readySince = fields.get('readySince')
  return (
    Object.entries(shape).every(([field, type]) => typeof fields.get(field) === type) &&
    (readySince === null || typeof readySince === 'number')
  )
}
