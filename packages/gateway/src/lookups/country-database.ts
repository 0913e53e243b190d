import { Reader } from 'mmdb-lib'
import { readFile, stat } from 'node:fs/promises'
import { isIP } from 'node:net'
import { Recent } from './recent.ts'

const lookEveryMs = 2_000
const rememberedAddresses = 32_768

/** What databases of countries are known to say, from MaxMind's own to those that only share the format. */
interface Place {
  readonly country?: { readonly iso_code?: string } | string
  readonly registered_country?: { readonly iso_code?: string }
  readonly country_code?: string
}

/** Countries by address out of a MaxMind database. Read in the background, and anew when the file changes; a file that cannot be read leaves what was known. */
export class CountryDatabase {
  readonly file: string
  readonly #log: (event: string, fields: Readonly<Record<string, unknown>>) => void
  readonly #recent = new Recent<string | null>(rememberedAddresses)
  readonly #timer: NodeJS.Timeout
  #reader: Reader<never> | null = null
  #state = ''
  #problem: string | null = null

  constructor(file: string, log: (event: string, fields: Readonly<Record<string, unknown>>) => void) {
    this.file = file
    this.#log = log
    this.#timer = setInterval(() => void this.look(), lookEveryMs)
    this.#timer.unref()
    void this.look()
  }

  /** Why no country is known, or not the latest; null when all is well. */
  get problem(): string | null {
    return this.#problem
  }

  /** Two capital letters, or undefined when the address is in no country or the file has not been read. */
  countryOf(address: string): string | undefined {
    if (this.#reader === null) return undefined
    const known = this.#recent.get(address)
    if (known !== undefined) return known ?? undefined
    // What is no address is not kept either: a client may write anything, at any length.
    if (isIP(address) === 0) return undefined
    const country = codeOf(this.#reader.get(address))
    this.#recent.set(address, country ?? null)
    return country
  }

  /** Reads the file if it has changed; never rejects. */
  async look(): Promise<void> {
    try {
      const { mtimeMs, size, ino } = await stat(this.file)
      const state = `${mtimeMs}/${size}/${ino}`
      if (state === this.#state) return
      const reader = new Reader<never>(await readFile(this.file))
      this.#reader = reader
      this.#state = state
      this.#problem = null
      this.#recent.clear()
      this.#log('countries.read', { file: this.file, built: reader.metadata.buildEpoch })
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error)
      if (problem !== this.#problem) this.#log('countries.unreadable', { file: this.file, problem })
      this.#problem = problem
    }
  }

  close(): void {
    clearInterval(this.#timer)
  }
}

function codeOf(place: Place | null): string | undefined {
  const country = typeof place?.country === 'string' ? place.country : place?.country?.iso_code
  return (country ?? place?.country_code ?? place?.registered_country?.iso_code)?.toUpperCase()
}
