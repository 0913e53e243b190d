import type { AccessToken } from '@serin/spec'
import type { Paper } from './paper.ts'
import { table, type Column } from './table.ts'

/** Tokens, one line each. */
export function tokenTable(tokens: readonly AccessToken[], paper: Paper, now: number): readonly string[] {
  const isOver = ({ expiresAt }: AccessToken) => expiresAt !== null && expiresAt <= now
  const columns: Column<AccessToken>[] = [
    { title: 'name', text: ({ name }) => name, style: () => 'strong' },
    { title: 'role', text: ({ role }) => role },
    { title: 'ends in', text: ({ lastFour }) => `…${lastFour}`, style: () => 'quiet' },
    { title: 'made', text: ({ createdAt }) => day(createdAt) },
    { title: 'by', text: ({ createdBy }) => createdBy },
    {
      title: 'good',
      text: (token) => (isOver(token) ? 'no more: it has expired' : until(token)),
      style: (token) => (isOver(token) ? 'wait' : undefined),
    },
  ]
  return table(columns, tokens, paper)
}

/** How long a token is good. */
export function until({ expiresAt }: AccessToken): string {
  return expiresAt === null ? 'until it is revoked' : `until ${day(expiresAt)}`
}

function day(at: number): string {
  return `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`
}
