import type { z } from 'zod'
import type { Role } from './access.ts'

/** One operation of the API: what the server checks, the SDK types and the OpenAPI document shows. */
export interface Operation {
  readonly method: 'GET' | 'POST' | 'PUT'
  readonly path: string
  readonly summary: string
  /** The least role that may. */
  readonly role: Role
  readonly params?: z.ZodObject
  readonly query?: z.ZodObject
  readonly body?: z.ZodType
  readonly response: z.ZodType
  /** Answered without a token. */
  readonly open?: boolean
}
