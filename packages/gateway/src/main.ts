import { flushCompileCache } from 'node:module'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { startGateway } from './gateway.ts'
import type { Gateway, GatewayOptions } from './gateway.ts'
import { logLine } from './log.ts'
import { makeWay } from './workers/alone.ts'
import type { GatewayOfWorkers } from './workers/gateway.ts'

/** Exit codes when the port to listen on, or that of the preview, is taken. */
const portInUse = 98
const previewPortInUse = 97
const mostWorkers = 64
const usage =
  'usage: node main.ts --service NAME --listen HOST:PORT --state DIR [--preview HOST:PORT] [--access-log FILE] [--workers N] [--tls-certificate FILE --tls-key FILE]… [--client-ca FILE [--client-certificates required|optional] [--client-header NAME]]'

function listenOf(text: string): { host: string; port: number } | null {
  const match = /^(?:\[([0-9a-fA-F:]+)\]|([^:]+)):(\d{1,5})$/.exec(text)
  const port = Number(match?.[3])
  const host = match?.[1] ?? match?.[2]
  return host === undefined || !(port <= 65_535) ? null : { host, port }
}

const options = {
  service: { type: 'string' },
  listen: { type: 'string' },
  state: { type: 'string' },
  preview: { type: 'string' },
  'access-log': { type: 'string' },
  workers: { type: 'string', default: '1' },
  'tls-certificate': { type: 'string', multiple: true },
  'tls-key': { type: 'string', multiple: true },
  'client-ca': { type: 'string' },
  'client-certificates': { type: 'string', default: 'required' },
  'client-header': { type: 'string' },
  help: { type: 'boolean' },
} as const

function parsed(): ReturnType<typeof parseArgs<{ options: typeof options }>> {
  try {
    return parseArgs({ options })
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${usage}\n`)
    process.exit(64)
  }
}

const { values } = parsed()
if (values.help === true) {
  process.stdout.write(`${usage}\n`)
  process.exit(0)
}
const listen = listenOf(values.listen ?? '')
const preview = values.preview === undefined ? undefined : listenOf(values.preview)
const workers = /^\d{1,2}$/.test(values.workers) ? Number(values.workers) : 0
const { 'tls-certificate': certificates = [], 'tls-key': keys = [] } = values
const { 'client-ca': ca, 'client-certificates': asked, 'client-header': header } = values
const maySecure = ca === undefined ? header === undefined : keys.length > 0 && /^(required|optional)$/.test(asked)
const mayBe = workers >= 1 && workers <= mostWorkers && certificates.length === keys.length && maySecure
if (values.service === undefined || values.state === undefined || listen === null || preview === null || !mayBe) {
  process.stderr.write(`${usage}\n`)
  process.exit(64)
}

/** Workers that outlived a gateway have its port: they leave first. */
async function startAlone(settings: GatewayOptions): Promise<Gateway> {
  await makeWay(join(settings.stateDirectory, 'gateway.json'))
  return await startGateway(settings)
}

async function startMany(settings: GatewayOptions & { readonly log: typeof logLine }): Promise<GatewayOfWorkers> {
  const { startWithWorkers } = await import('./workers/gateway.ts')
  return await startWithWorkers(settings, workers)
}

// Before anybody can know the process: a signal during the start is obeyed as soon as there is something to drain.
const told = new Promise<void>((resolve) => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => resolve())
})

try {
  const settings = {
    service: values.service,
    ...listen,
    ...(preview === undefined ? {} : { preview }),
    stateDirectory: values.state,
    ...(values['access-log'] === undefined ? {} : { accessLogFile: values['access-log'] }),
    tls: keys.map((key, i) => ({ certificate: certificates[i] ?? '', key })),
    ...(ca === undefined ? {} : { clientCertificates: { ca, required: asked === 'required', header } }),
    log: logLine,
  }
  const gateway = workers === 1 ? await startAlone(settings) : await startMany(settings)
  process.on('SIGHUP', () => void gateway.reload())
  void told.then(() => gateway.drain())
  // For the next process, if the environment names a place for it.
  flushCompileCache()
  await gateway.left
  process.exit(0)
} catch (error) {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'EADDRINUSE') {
    const previews = error instanceof Error && 'listener' in error
    const taken = previews ? values.preview : values.listen
    logLine('gateway.port-in-use', { listen: taken, message: `Something else listens on ${taken ?? ''}.` })
    process.exit(previews ? previewPortInUse : portInUse)
  }
  logLine('gateway.failed', { listen: values.listen, message: error instanceof Error ? error.message : String(error) })
  process.exit(1)
}
