import { SerinError } from '@serin/spec'
import { problemError } from './client.ts'

const path = '/v1/session'

/** Logs this browser in with the code of a one-time link. Returns the page's half of the session; the other is a cookie that no script can read. Throws `login.refused`. */
export async function openSession(url: string, code: string): Promise<string> {
  const body = await send(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ code }),
  })
  return body !== null && typeof body === 'object' && 'session' in body ? String(body.session) : ''
}

/** Logs this browser out. */
export async function closeSession(url: string, session: string): Promise<void> {
  await send(url, { method: 'DELETE', headers: { 'serin-page': session } })
}

async function send(url: string, init: RequestInit): Promise<unknown> {
  let response: Response
  try {
    response = await fetch(`${url}${path}`, init)
  } catch (error) {
    throw new SerinError('control-plane.unreachable', `No control plane answers at ${url}.`, { cause: error })
  }
  const body: unknown = await response.json().catch(() => undefined)
  if (response.ok) return body
  throw problemError(body, response.status)
}
