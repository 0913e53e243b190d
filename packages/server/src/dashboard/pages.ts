import type { DashboardFile } from '@serin/dashboard'
import type { Context, Env, Hono } from 'hono'

/** The files of the dashboard by name; `index.html` is its page. */
export type Pages = () => Promise<ReadonlyMap<string, DashboardFile>>

/** What one address may load and do: its own script, style and API, and pictures it draws itself. Nothing inline, nothing from elsewhere. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join('; ')

/** The pages of the dashboard, made or read when somebody first asks for one; a start that nobody watches costs nothing. */
export function dashboardPages(log: (line: string) => void): Pages {
  let files: Promise<ReadonlyMap<string, DashboardFile>> | undefined
  return () => {
    files ??= import('@serin/dashboard')
      .then(({ dashboardFiles }) => dashboardFiles())
      .catch((error: unknown) => {
        files = undefined
        log(`the dashboard cannot be shown: ${String(error)}`)
        throw error
      })
    return files
  }
}

/** Adds the dashboard: its page under every address that is one of its own, and its assets. */
export function addPages<E extends Env>(app: Hono<E>, pages: Pages): void {
  const page = async (context: Context) => fileResponse(context, (await pages()).get('index.html'), 'no-store')
  for (const path of ['/', '/login', '/rollouts/*', '/services/*', '/gates', '/history', '/journal', '/settings'])
    app.get(path, page)
  app.get('/assets/:name', async (context) => {
    // The name changes with the content.
    const file = (await pages()).get(context.req.param('name'))
    return fileResponse(context, file, 'private, max-age=31536000, immutable')
  })
}

function fileResponse(context: Context, file: DashboardFile | undefined, cache: string): Response | Promise<Response> {
  if (file === undefined) return context.notFound()
  const packed = /\bgzip\b/.test(context.req.header('accept-encoding') ?? '')
  return context.body(packed ? file.gzip : file.body, 200, {
    'content-type': file.type,
    'content-security-policy': policy,
    'cache-control': cache,
    vary: 'accept-encoding',
    ...(packed ? { 'content-encoding': 'gzip' } : {}),
  })
}
