import { SerinError, toProblem } from '@serin/spec'

/** An error as an RFC 9457 problem, with the headers its status asks for. What is not ours becomes `internal`, without its text. */
export function problemResponse(error: unknown): Response {
  const problem = toProblem(error)
  const headers = new Headers({ 'content-type': 'application/problem+json' })
  if (problem.status === 401) headers.set('www-authenticate', 'Bearer')
  if (problem.status === 503) headers.set('retry-after', '1')
  const allowed = problem.code === 'method.not-allowed' ? problem.details?.['allowed'] : undefined
  if (Array.isArray(allowed)) headers.set('allow', allowed.join(', '))
  return new Response(JSON.stringify(problem), { status: problem.status, headers })
}

/** That nothing is at a path. */
export function notFound(method: string, path: string): SerinError {
  return new SerinError('path.not-found', `There is no ${method} ${path}.`)
}
