#!/usr/bin/env node
import { enableCompileCache } from 'node:module'
import { resolve } from 'node:path'
import { keysOf } from './terminal-keys.ts'
import type { World } from './world.ts'

// Before all the rest is read, and half of what starting takes: whoever presses Tab waits for it. Where it cannot be kept it is not.
enableCompileCache(resolve(import.meta.dirname, '../../../node_modules/.cache/serin'))
const { runCli } = await import('./run.ts')

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
    // Each stream knows its own size, and only when it has told so.
    const streams = [process.stdout, process.stderr] as const
    for (const stream of streams) stream.on('resize', listener)
    return () => {
      for (const stream of streams) stream.off('resize', listener)
    }
  },
  keys: keysOf(process.stdin),
  onExit(listener) {
    process.on('exit', listener)
    return () => process.off('exit', listener)
  },
  hangUp: hangUp.signal,
}

process.exitCode = await runCli(process.argv.slice(2), world)
