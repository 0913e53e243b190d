#!/usr/bin/env node
import { runCli } from './run.ts'
import type { World } from './world.ts'

const hangUp = new AbortController()
// The reader is gone (`serin watch | head`, a terminal that was closed): nothing more can be told, and that is no error.
process.stdout.on('error', (error) => hangUp.abort(error))
process.stderr.on('error', () => undefined)

const world: World = {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  cwd: process.cwd(),
  onInterrupt(listener) {
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
    for (const signal of signals) process.on(signal, listener)
    return () => {
      for (const signal of signals) process.off(signal, listener)
    }
  },
  onResize(listener) {
    process.stdout.on('resize', listener)
    return () => process.stdout.off('resize', listener)
  },
  hangUp: hangUp.signal,
}

process.exitCode = await runCli(process.argv.slice(2), world)
