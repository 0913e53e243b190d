/** Makes sure that the programs tests run for real are there: installs what is missing where it can, and says loudly where it cannot. */
import { spawnSync } from 'node:child_process'
import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { needs, type Need } from './needs.ts'
import { consequence, decide } from './provide.ts'

const servicePolicy = '/usr/sbin/policy-rc.d'
/** Waits for another installation to end, but not long for a network that is not there. */
const patience = ['DPkg::Lock::Timeout=120', 'Acquire::Retries=1', 'Acquire::http::Timeout=20'].flatMap((one) => [
  '-o',
  one,
])

/** Also where a user's PATH does not lead: servers live in sbin. Nothing is run: what `-v` does, each program decides for itself. */
function isMissing({ command }: Need): boolean {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin']
  return !folders.some((folder) => folder !== '' && existsSync(join(folder, command)))
}

/** Installs (and returns what apt-get said) without letting a package start its service: tests start their own on ports of their own. */
function install(packages: readonly string[]): string {
  const guarded = !existsSync(servicePolicy)
  if (guarded) writeFileSync(servicePolicy, '#!/bin/sh\nexit 101\n', { mode: 0o755 })
  const apt = (...args: string[]) =>
    spawnSync('apt-get', [...patience, '-qq', ...args], {
      encoding: 'utf8',
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    })
  try {
    const get = () => apt('install', '-y', '--no-install-recommends', ...packages)
    let run = get()
    // A fresh container has no package lists yet.
    if (run.status !== 0) {
      apt('update')
      run = get()
    }
    return `${run.stdout}${run.stderr}`.trim()
  } finally {
    if (guarded) rmSync(servicePolicy, { force: true })
  }
}

function shout(sentence: string): void {
  console.error(`\n!! ${sentence}\n`)
}

const isCi = process.env['CI'] !== undefined && !['', '0', 'false'].includes(process.env['CI'])
const missing = needs.filter(isMissing)
const provision = decide({
  missing,
  hasApt: spawnSync('apt-get', ['--version'], { stdio: 'ignore' }).error === undefined,
  isRoot: process.getuid?.() === 0,
  isCi,
})
if (provision.do === 'install') {
  console.error(`Installing ${provision.packages.join(', ')} for the tests (once)…`)
  const log = install(provision.packages)
  const still = missing.filter(isMissing)
  if (still.length > 0) {
    shout(`${still.map((need) => need.command).join(', ')} could not be installed. ${consequence(still)}\n${log}`)
    if (isCi) process.exitCode = 1
  }
} else if (provision.do !== 'nothing') {
  shout(provision.sentence)
  if (provision.do === 'fail') process.exitCode = 1
}
