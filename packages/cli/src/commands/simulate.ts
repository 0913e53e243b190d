import { readFile } from 'node:fs/promises'
import { basename, dirname, resolve } from 'node:path'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import type { Run, World as Modelled } from '@serin/simulate'
import { nearest, parseServiceFile, parseWorldFile, SerinError, worldNames, type ServiceFile } from '@serin/spec'
import { defineCommand, exitCodes } from '../command.ts'
import type { Output } from '../output.ts'
import { fileOption, readReleaseFile } from '../release-file.ts'
import { count, plural } from '../view/figures.ts'
import { simulationLines } from '../view/simulate.ts'
import { wholeNumber } from '../whole-number.ts'
import { untilInterrupted, type World } from '../world.ts'

/** How long it took is worth a line when people waited longer than this. */
const patienceMs = 1_000
/** More is no log that a release could be tried on. */
const mostLogBytes = 1_000_000_000

export const simulate = defineCommand({
  name: 'simulate',
  group: 'Release',
  summary: 'Try a release many times on modelled or recorded traffic.',
  description:
    'Plays the engine itself on a virtual clock: how often the release is promoted, rolled back or held, when, who is exposed and what fails. Needs no control plane. The same seed gives the same result. Ctrl-C stops it, and prints what the releases so far show (exit code 130). Worlds with a name: healthy, errors-doubled, slower, dead, drift, late-onset, low-traffic.',
  arguments: { service: { description: 'The service; can be left out when the file has one.' } },
  options: {
    to: { value: 'version', description: 'The version to release.', required: true },
    file: fileOption,
    world: {
      value: 'name|file',
      description: 'What to take for granted: a world by its name, or a world file.',
      default: 'healthy',
      completes: 'files',
    },
    log: {
      value: 'file',
      description: 'An access log (also .gz) whose traffic, users and failures take the place of those of the world.',
      completes: 'files',
    },
    rate: {
      value: 'number',
      description: 'Requests per second, instead of those of the world; low-traffic has a fortieth.',
    },
    errors: { value: 'percent', description: 'Failures of stable in percent, instead of those of the world.' },
    hours: { value: 'number', description: 'Modelled time after which a release is left undecided.', default: '720' },
    seeds: { value: 'number', description: 'How many releases.', default: '100' },
    seed: { value: 'number', description: 'The first seed; the others follow it.', default: '1' },
  },
  examples: [
    { line: 'serin simulate shop --to v2', does: 'How often a harmless version is rolled back, and how long it takes' },
    { line: 'serin simulate shop --to v2 --world errors-doubled', does: 'How soon twice as many errors are found' },
    { line: 'serin simulate shop --to v2 --world world.yaml --log access.log.gz', does: 'On traffic there has been' },
    { line: 'serin simulate shop --to v2 --rate 3.5 --errors 1.2', does: 'With the traffic and the failures of yours' },
    { line: 'serin simulate shop --to v2 --seeds 1 --seed 7 -o json', does: 'One of the releases, with its path' },
  ],
  async run({ args, options, out, world: outside }) {
    const seeds = wholeNumber(options.seeds, { name: '--seeds', from: 1, to: 100_000 })
    const seed = wholeNumber(options.seed, { name: '--seed', from: 0, to: 999_999_999 })
    const hours = positive('--hours', options.hours, 720)
    const { text, name } = await readReleaseFile(options.file, outside)
    const { service, spec } = chosen(parseServiceFile(text, name), { name: args.service, to: options.to, file: name })
    const { play, policyOf, summaryOf } = await import('@serin/simulate')
    const policy = policyOf(service, spec, options.to)
    if (options.log !== undefined) out.working(`Reading ${options.log}`)
    const modelled = await worldFrom(options, outside)
    const begun = performance.now()
    const runs = await played((nth) => play(policy, modelled, seed + nth, hours * 3_600_000), seeds, {
      world: outside,
      out,
    })
    const tookMs = performance.now() - begun
    if (outside.stderr.isTTY === true && tookMs > patienceMs)
      out.note(`${plural(runs.length, 'release')} in ${(tookMs / 1_000).toFixed(1)} s.`)
    const simulation = summaryOf(policy, modelled, runs, { asked: seeds, hours })
    out.result(simulation, (paper) => simulationLines(simulation, paper))
    return simulation.partial ? exitCodes.interrupted : exitCodes.done
  },
})

/** As many releases as were over before Ctrl-C, at least one. */
async function played(
  playNth: (nth: number) => Run,
  seeds: number,
  { world, out }: { readonly world: World; readonly out: Output },
): Promise<readonly Run[]> {
  const { signal, dispose } = untilInterrupted(world)
  const runs: Run[] = []
  try {
    do {
      out.working(`${count(runs.length)} of ${plural(seeds, 'release')}`)
      runs.push(playNth(runs.length))
      // Ctrl-C is heard between two releases.
      await new Promise<void>((resolved) => setImmediate(resolved))
    } while (runs.length < seeds && !signal.aborted)
    return runs
  } finally {
    dispose()
  }
}

function chosen(
  { services }: ServiceFile,
  { name, to, file }: { readonly name: string | undefined; readonly to: string; readonly file: string },
): { readonly service: string; readonly spec: ServiceFile['services'][string] } {
  const names = Object.keys(services)
  const service = name ?? (names.length === 1 ? names[0] : undefined)
  if (service === undefined)
    throw new SerinError('usage.invalid', `${file} has several services: ${names.join(', ')}. Name one.`)
  const spec = services[service]
  if (spec === undefined)
    throw new SerinError('usage.invalid', `${file} has no service "${service}".${known(service, names)}`)
  const versions = Object.keys(spec.versions)
  if (spec.versions[to] === undefined)
    throw new SerinError('usage.invalid', `${service} has no version "${to}".${known(to, versions)}`)
  if (to === spec.stable)
    throw new SerinError('usage.invalid', `${to} is the stable version of ${service}; release another.`)
  return { service, spec }
}

function known(word: string, names: readonly string[]): string {
  const near = nearest(word, names)
  return ` Known: ${names.join(', ')}.${near === undefined ? '' : ` Did you mean ${near}?`}`
}

async function worldFrom(
  options: Readonly<Record<'log' | 'rate' | 'errors', string | undefined>> & { readonly world: string },
  outside: World,
): Promise<Modelled> {
  const { readAccessLog, withErrors, withRate, withRecorded, worldNamed, worldOf } = await import('@serin/simulate')
  const { world, log, rate, errors } = options
  if (log !== undefined && (rate !== undefined || errors !== undefined))
    throw new SerinError('usage.invalid', 'A log has its own rate and its own errors: leave out --rate and --errors.')
  const perSecond = rate === undefined ? undefined : positive('--rate', rate, 1_000_000)
  let modelled = worldNamed(world, perSecond)
  if (modelled === undefined) {
    if (!/[./]/.test(world))
      throw new SerinError('usage.invalid', `No world is called "${world}".${known(world, worldNames)} Or give a file.`)
    modelled = worldOf(parseWorldFile((await bytesOf(world, outside)).toString('utf8'), world), world)
    if (perSecond !== undefined) modelled = withRate(modelled, perSecond)
  }
  if (errors !== undefined) modelled = withErrors(modelled, percentOf(errors))
  if (log === undefined) return modelled
  const bytes = await bytesOf(log, outside)
  const packed = bytes[0] === 0x1f && bytes[1] === 0x8b
  const text = packed ? await unpacked(bytes, log) : bytes
  return withRecorded(modelled, readAccessLog(text.toString('utf8'), log), `${world} on ${basename(log)}`)
}

function positive(name: string, text: string, most: number): number {
  const number = Number(text)
  if (text.trim() !== '' && number > 0 && number <= most) return number
  throw new SerinError('usage.invalid', `${name} is "${text}"; expected a number above 0, at most ${most}.`)
}

function percentOf(text: string): number {
  const percent = Number(text.replace(/%$/, ''))
  if (text.trim() !== '' && percent >= 0 && percent <= 50) return percent / 100
  throw new SerinError('usage.invalid', `--errors is "${text}"; expected a percentage from 0 to 50.`)
}

async function bytesOf(file: string, { cwd }: World): Promise<Buffer> {
  const path = resolve(cwd, file)
  try {
    return await readFile(path)
  } catch (cause) {
    throw new SerinError('config.unreadable', `${basename(path)} cannot be read (${dirname(path)}).`, { cause })
  }
}

async function unpacked(bytes: Buffer, file: string): Promise<Buffer> {
  try {
    return await promisify(gunzip)(bytes, { maxOutputLength: mostLogBytes })
  } catch (cause) {
    throw new SerinError('usage.invalid', `${file} cannot be unpacked.`, { cause })
  }
}
