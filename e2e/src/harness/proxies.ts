import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The nginx of this machine; undefined where there is none. */
export const nginx = ['nginx', '/usr/sbin/nginx'].find((path) => spawnSync(path, ['-v']).error === undefined)

/** False where nginx can be run; else the reason why what needs it is skipped. */
export const noNginx =
  nginx === undefined
    ? 'There is no nginx here (apt-get install nginx-light): Serin behind nginx is not proved.'
    : false

/** The same for HAProxy. */
export const noHaproxy = ['haproxy', '/usr/sbin/haproxy'].some((path) => spawnSync(path, ['-v']).error === undefined)
  ? false
  : 'There is no HAProxy here (apt-get install haproxy): Serin behind HAProxy is not proved.'

/** Puts a stand-in for Envoy where programs are looked for, unless there is a real one; returns what removes it. */
export function standInForEnvoy(): () => void {
  if (spawnSync('envoy', ['--version']).error === undefined) return () => {}
  const main = fileURLToPath(new URL('../../../packages/drivers/src/router/envoy/testing/stand-in.ts', import.meta.url))
  const folder = mkdtempSync(join(tmpdir(), 'serin-envoy-'))
  const path = process.env['PATH'] ?? ''
  writeFileSync(join(folder, 'envoy'), `#!/bin/sh\nexport PATH='${path}'\nexec ${process.execPath} ${main} "$@"\n`, {
    mode: 0o755,
  })
  process.env['PATH'] = `${folder}:${path}`
  return () => rmSync(folder, { recursive: true, force: true })
}
