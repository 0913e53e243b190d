import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'

const Digest = z.string().regex(/^[0-9a-f]{64}$/)

/** A session as it is kept: none of its two halves, and no token. */
const KeptSession = z.strictObject({
  cookie: Digest,
  page: Digest,
  holder: Digest.meta({ description: 'Of the token that the session stands for.' }),
  endsAt: z.number(),
})
export type KeptSession = z.output<typeof KeptSession>

const SessionFile = z.strictObject({ serin: z.literal('sessions-v1'), sessions: z.array(KeptSession) })

/** The sessions of a data directory; none when the file is not there or cannot be read: people log in again. */
export function readSessions(dataDirectory: string): readonly KeptSession[] {
  try {
    return SessionFile.parse(JSON.parse(readFileSync(fileOf(dataDirectory), 'utf8'))).sessions
  } catch {
    return []
  }
}

/** Keeps the sessions for the next control plane, whole or not at all. Throws what the disk says. */
export function writeSessions(dataDirectory: string, sessions: readonly KeptSession[]): void {
  const file = fileOf(dataDirectory)
  writeFileSync(`${file}.new`, `${JSON.stringify({ serin: 'sessions-v1', sessions }, null, 2)}\n`, { mode: 0o600 })
  renameSync(`${file}.new`, file)
}

function fileOf(dataDirectory: string): string {
  return join(dataDirectory, 'sessions.json')
}
