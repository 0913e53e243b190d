import { nearest, SerinError, type Operation, type Role } from '@serin/spec'
import type { Context } from 'hono'
import type { z } from 'zod'
import type { Person } from './tokens/token-book.ts'

const maxBodyBytes = 8_000_000

/** What an operation is called with, checked. */
export interface Call<P = Record<string, unknown>, Q = Record<string, unknown>, B = Record<string, unknown>> {
  readonly params: P
  readonly query: Q
  readonly body: B
  readonly actor: string
  readonly role: Role
  readonly person: Person
}

/** Reads and checks what an operation is called with. Throws `body.invalid` or `body.too-large`. */
export async function readCall(context: Context, operation: Operation, person: Person): Promise<Call> {
  const query = context.req.query()
  checkNames(Object.keys(query), Object.keys(operation.query?.shape ?? {}))
  return {
    params: checked(operation.params, context.req.param(), 'path'),
    query: checked(operation.query, query, 'query'),
    body: operation.body === undefined ? {} : checked(operation.body, await readBody(context), 'body'),
    actor: person.name,
    role: person.role,
    person,
  }
}

function checked(schema: z.ZodType | undefined, value: unknown, place: string): Record<string, unknown> {
  if (schema === undefined) return {}
  const result = schema.safeParse(value)
  if (result.success) return result.data as Record<string, unknown>
  const issues = result.error.issues.map((issue) => `${issue.path.join('.') || place}: ${issue.message}`)
  throw new SerinError('body.invalid', `The ${place} does not fit: ${issues.slice(0, 5).join('; ')}.`)
}

/** A parameter nobody knows is a mistake, not a wish to be ignored. */
function checkNames(given: readonly string[], known: readonly string[]): void {
  const unknown = given.find((name) => !known.includes(name))
  if (unknown === undefined) return
  const near = nearest(unknown, known)
  throw new SerinError(
    'body.invalid',
    `The query does not fit: there is no "${unknown}".${near === undefined ? '' : ` Did you mean ${near}?`}`,
  )
}

async function readBody(context: Context): Promise<unknown> {
  if (Number(context.req.header('content-length') ?? 0) > maxBodyBytes) throw tooLarge()
  const text = await limitedText(context.req.raw)
  if (text === '') return {}
  const lines = context.req.header('content-type')?.startsWith('application/x-ndjson') ?? false
  return lines ? { observations: linesOf(text) } : parsed(text, 'The body is not JSON.')
}

/** One value per line. */
function linesOf(text: string): readonly unknown[] {
  return text
    .split('\n')
    .flatMap((line, i) => (line.trim() === '' ? [] : [parsed(line, `Line ${i + 1} of the body is not JSON.`)]))
}

function parsed(text: string, complaint: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new SerinError('body.invalid', complaint)
  }
}

/** The text of a body; one without a declared length is counted while it arrives. Throws `body.too-large`. */
export async function limitedText(request: Request): Promise<string> {
  if (request.body === null) return ''
  const decoder = new TextDecoder()
  let [text, bytes] = ['', 0]
  for await (const chunk of request.body) {
    bytes += chunk.byteLength
    if (bytes > maxBodyBytes) throw tooLarge()
    text += decoder.decode(chunk, { stream: true })
  }
  return text + decoder.decode()
}

function tooLarge(): SerinError {
  return new SerinError('body.too-large', `The body is larger than ${maxBodyBytes / 1_000_000} MB.`)
}
