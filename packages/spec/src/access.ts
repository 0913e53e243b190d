import { z } from 'zod'
import { Name } from './units.ts'

/** What somebody may do; each role may do all that the ones before it may. */
export const roles = ['viewer', 'operator', 'deployer', 'admin'] as const

/** The name of a role. */
export const Role = z.enum(roles).meta({
  description:
    '`viewer` reads; `operator` also leads rollouts and approves; `deployer` also applies files, releases and observes; `admin` may do everything.',
})
export type Role = z.output<typeof Role>

/** Whether somebody with a role may do what needs another. */
export function mayDo(role: Role, needed: Role): boolean {
  return roles.indexOf(role) >= roles.indexOf(needed)
}

/** The name of whoever holds the token of the data directory. */
export const adminName = 'admin'

/** Actors of the journal that no token may be called: the holder of the data directory, and Serin itself. */
const reservedNames = [adminName, 'serin'] as const

/** What a token may be called. */
export const TokenName = Name.refine((name) => !reservedNames.some((reserved) => reserved === name.toLowerCase()), {
  error: 'expected another name: "admin" and "serin" are taken',
}).meta({ description: 'Whose it is: the actor of the journal.' })

/** A token as people see it, without its secret. */
export const AccessToken = z.object({
  name: z.string(),
  role: Role,
  lastFour: z.string().meta({ description: 'Its last four characters, to tell it from others.' }),
  createdAt: z.number().meta({ description: 'Milliseconds since the epoch.' }),
  createdBy: z.string(),
  expiresAt: z.number().nullable().meta({ description: 'From then on it is refused; null: never.' }),
})
export type AccessToken = z.output<typeof AccessToken>
