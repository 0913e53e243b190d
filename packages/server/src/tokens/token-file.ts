import { chmodSync, closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { AccessToken, SerinError, TokenName } from '@serin/spec'
import { z } from 'zod'

/** A token as it is kept: never its secret. */
const KeptToken = z.strictObject({
  ...AccessToken.shape,
  name: TokenName,
  digest: z.string().regex(/^[0-9a-f]{64}$/),
})
export type KeptToken = z.output<typeof KeptToken>

const TokenFile = z.strictObject({ serin: z.literal('tokens-v1'), tokens: z.array(KeptToken) })

/** What a token file says. */
export type ReadTokens =
  | { readonly tokens: readonly KeptToken[] }
  /** It is there, but nobody can read it: why. */
  | { readonly unreadable: string }

function fileOf(dataDirectory: string): string {
  return join(dataDirectory, 'tokens.json')
}

/** Reads the tokens of a data directory, and closes the file to everybody else. */
export function readTokens(dataDirectory: string): ReadTokens {
  const file = fileOf(dataDirectory)
  try {
    const text = readFileSync(file, 'utf8')
    chmodSync(file, 0o600)
    const { tokens } = TokenFile.parse(JSON.parse(text))
    if (new Set(tokens.map(({ name }) => name.toLowerCase())).size < tokens.length)
      return { unreadable: 'a name is there twice' }
    return { tokens }
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return { tokens: [] }
    return { unreadable: error instanceof z.ZodError ? 'it is no list of tokens' : String(error) }
  }
}

/** Sets a file that could not be read aside, so that another can take its place. */
export function setAside(dataDirectory: string): void {
  onDisk(() => renameSync(fileOf(dataDirectory), `${fileOf(dataDirectory)}.unreadable`))
}

/** Writes the tokens beside the file that counts. What is returned puts them in its place: whole or not at all, and through a power cut. Throws `store.full` or `store.unwritable`. */
export function stageTokens(dataDirectory: string, tokens: readonly KeptToken[]): () => void {
  const file = fileOf(dataDirectory)
  const text = `${JSON.stringify({ serin: 'tokens-v1', tokens }, null, 2)}\n`
  onDisk(() => {
    const handle = openSync(`${file}.new`, 'w', 0o600)
    try {
      writeSync(handle, text)
      fsyncSync(handle)
    } finally {
      closeSync(handle)
    }
    chmodSync(`${file}.new`, 0o600)
  })
  return () =>
    onDisk(() => {
      renameSync(`${file}.new`, file)
      const directory = openSync(dataDirectory, 'r')
      try {
        fsyncSync(directory)
      } finally {
        closeSync(directory)
      }
    })
}

function onDisk(act: () => void): void {
  try {
    act()
  } catch (error) {
    const code = codeOf(error) === 'ENOSPC' ? 'store.full' : 'store.unwritable'
    throw new SerinError(code, `The tokens cannot be written: ${String(error)}.`, { cause: error })
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}
