import { flushCompileCache } from 'node:module'
import { parseArgs } from 'node:util'
import { openEngine } from './engine.ts'
import type { Engine } from './engine.ts'
import { exitCodes } from './exit-codes.ts'
import { startInferenceServer } from './http-server.ts'
import { directoryRepository, singleModel } from './repository.ts'
import type { Repository } from './repository.ts'
import { Unloadable } from './unloadable.ts'

const usage =
  'usage: node main.ts --port PORT [--host ADDRESS] (--model NAME --version VERSION --uri FILE | --repository DIRECTORY)'

function fail(code: number, message: string): never {
  process.stderr.write(`${message}\n`)
  process.exit(code)
}

function optionsOf() {
  const options = {
    port: { type: 'string' },
    host: { type: 'string', default: '127.0.0.1' },
    model: { type: 'string' },
    version: { type: 'string' },
    uri: { type: 'string' },
    repository: { type: 'string' },
  } as const
  try {
    return parseArgs({ options }).values
  } catch {
    return fail(exitCodes.usage, usage)
  }
}

/** What is served, once there is an engine for it. */
function served(): (engine: Engine) => Repository {
  const { model, version, uri, repository } = values
  if (repository !== undefined) return (engine) => directoryRepository(engine, repository)
  if (model === undefined || version === undefined || uri === undefined) return fail(exitCodes.usage, usage)
  return (engine) => singleModel(engine, model, { version, path: uri })
}

const values = optionsOf()
const open = served()
const port = Number(values.port ?? '')
if (values.port === undefined || !Number.isInteger(port) || port < 0 || port > 65_535) fail(exitCodes.usage, usage)

// Before anything is loaded: a signal during the start is obeyed as soon as there is something to leave.
const told = new Promise<void>((resolve) => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => resolve())
})

try {
  const repository = open(await openEngine())
  const onBroken = (reason: string) => fail(exitCodes.engineBroken, reason)
  const server = await startInferenceServer({ repository, host: values.host, port, onBroken })
  process.stdout.write(`listening on ${values.host}:${server.port}\n`)
  void told.then(() => server.leave()).then(() => process.exit(exitCodes.done))
  if (repository.only !== null) await repository.load(repository.only.name)
  // For the next process, if the environment names a place for it.
  flushCompileCache()
} catch (error) {
  if (error instanceof Unloadable) fail(exitCodes.unloadable, error.message)
  if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')
    fail(exitCodes.portInUse, `Something else listens on ${values.host}:${port}.`)
  throw error
}
