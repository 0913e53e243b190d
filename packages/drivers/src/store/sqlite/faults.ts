import { SerinError } from '@serin/spec'

/** SQLite's primary result codes that mean something to a person. */
const fullCode = 13
const busyCodes = new Set([5, 6])
const corruptCodes = new Set([11, 26])

/** What a fault of the disk or of SQLite means, as one of our own errors. */
export function explained(error: unknown, directory: string): SerinError {
  if (error instanceof SerinError) return error
  const code =
    error instanceof Error && 'errcode' in error && typeof error.errcode === 'number' ? error.errcode & 0xff : undefined
  const system = error instanceof Error && 'code' in error ? error.code : undefined
  const text = error instanceof Error ? error.message : String(error)
  if (code === fullCode || system === 'ENOSPC' || system === 'EDQUOT')
    return new SerinError('store.full', `The disk of ${directory} is full; nothing was written.`, { cause: error })
  if (code !== undefined && busyCodes.has(code))
    return new SerinError('data-directory.in-use', `Another process has ${directory} open.`, { cause: error })
  // What was written as JSON and is none any more was changed under us.
  if ((code !== undefined && corruptCodes.has(code)) || error instanceof SyntaxError)
    return new SerinError('store.corrupt', `The database in ${directory} is damaged: ${text}.`, { cause: error })
  return new SerinError('store.unwritable', `${directory} cannot be written: ${text}.`, { cause: error })
}
