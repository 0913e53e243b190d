import { SerinError } from '@serin/spec'
import type { HttpBindings } from '@hono/node-server'
import type { Context, Hono } from 'hono'
import { limitedText } from '../read-call.ts'
import type { Guesses } from './guesses.ts'
import type { SessionBook, SessionHalves } from './session-book.ts'

/** Where a browser logs in and out. */
export const sessionPath = '/v1/session'
/** The header that carries the page’s half of a session. */
const pageHeader = 'serin-page'

type Env = { Bindings: Partial<HttpBindings> }

/** Adds logging in with the code of a one-time link, and logging out. */
export function addSession<E extends Env>(app: Hono<E>, sessions: SessionBook, guesses: Guesses): void {
  app.post(sessionPath, async (context) => {
    // A form of another site can send a body, but not one that says it is JSON.
    if (context.req.header('content-type')?.startsWith('application/json') !== true)
      throw new SerinError('body.invalid', 'The body does not fit: expected the type application/json.')
    const code = codeOf(await limitedText(context.req.raw))
    const address = context.env.incoming?.socket.remoteAddress ?? ''
    const { cookie, page } = guesses.attempt(address, () => sessions.open(code))
    context.header('set-cookie', cookieLine(context, cookie, ''))
    return context.json({ session: page })
  })
  app.delete(sessionPath, (context) => {
    checkActing(context)
    const halves = sessionHalves(context)
    if (halves !== null) sessions.close(halves)
    context.header('set-cookie', cookieLine(context, '', '; Max-Age=0'))
    return context.json({})
  })
}

/** The session a request belongs to, or null when it names none. A cookie alone is none: any page could have had it sent. */
export function sessionHalves(context: Context): SessionHalves | null {
  const page = context.req.header(pageHeader)
  const name = cookieName(context)
  const cookie = (context.req.header('cookie') ?? '')
    .split(';')
    .map((each) => each.trim().split('='))
    .find(([each]) => each === name)?.[1]
  return page === undefined || cookie === undefined ? null : { cookie, page }
}

/** Refuses to change anything for a session unless the page says which it is; browsers always do, and whether it may is checked for every request. Throws `origin.refused`. */
export function checkActing({ req }: Context): void {
  if (req.method === 'GET' || req.header('origin') !== undefined) return
  throw new SerinError('origin.refused', 'This request does not say which page sent it.')
}

/** Cookies know no ports: two control planes under one host name would take each other’s. */
function cookieName(context: Context): string {
  return `serin-session-${/:(\d+)$/.exec(context.req.header('host') ?? '')?.[1] ?? 'default'}`
}

function cookieLine(context: Context, value: string, more: string): string {
  const secure = context.req.header('origin')?.startsWith('https:') === true ? '; Secure' : ''
  return `${cookieName(context)}=${value}; Path=/v1; HttpOnly; SameSite=Strict${more === '' ? '; Max-Age=604800' : more}${secure}`
}

function codeOf(text: string): string {
  try {
    const body: unknown = JSON.parse(text)
    if (body !== null && typeof body === 'object' && 'code' in body && typeof body.code === 'string') return body.code
  } catch {
    // Said below.
  }
  throw new SerinError('body.invalid', 'The body does not fit: expected { "code": "…" }.')
}
