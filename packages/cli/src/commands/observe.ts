import { createReadStream } from 'node:fs'
import { resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import { Observation, SerinError } from '@serin/spec'
import { defineCommand, exitCodes } from '../command.ts'
import { connect } from '../connection.ts'
import { count, plural } from '../view/figures.ts'
import type { World } from '../world.ts'

/** Sent together; the API takes at most ten times as many. */
const batchSize = 1_000
/** Lines that trickle in are sent after this time. */
const flushMs = 200

export const observe = defineCommand({
  name: 'observe',
  group: 'More',
  summary: 'Send observations, such as labels that came later.',
  description:
    'One JSON object per line: {"metric": …, "value": …, "unit" or "request": …, "time": ms since the epoch}. The version is found from the assignment in force at that time. A bad line stops it; the lines before it have been sent.',
  arguments: { file: { description: 'File of lines; "-" or nothing reads stdin.', completes: 'files' } },
  options: {
    service: { value: 'service', description: 'For lines that name no service.', completes: 'services' },
  },
  examples: [
    { line: 'serin observe labels.ndjson', does: 'Send a file' },
    { line: 'tail -f labels.ndjson | serin observe --service shop', does: 'Send lines as they come' },
  ],
  async run(call) {
    const { args, options, globals, world, out } = call
    const { client } = connect({ world, globals })
    // Who types lines wants none between them.
    const tells = args.file !== undefined && args.file !== '-'
    const tell = () => tells && out.working(`${plural(total.accepted + total.ignored, 'observation')} sent`)
    const total = { accepted: 0, ignored: 0 }
    tell()
    for await (const observations of batches(linesOf(args.file ?? '-', world), options.service)) {
      const { accepted, ignored } = await client.observe({ observations: [...observations] })
      total.accepted += accepted
      total.ignored += ignored
      tell()
    }
    out.result(total, () => [
      `${plural(total.accepted, 'observation')} accepted, ${count(total.ignored)} ignored${total.ignored > 0 ? ' (nobody watches the metric, or no version is known for the unit at that time)' : ''}.`,
    ])
    return exitCodes.done
  },
})

async function* linesOf(
  file: string,
  { cwd, stdin }: World,
): AsyncGenerator<{ readonly text: string; readonly place: string }> {
  const input = file === '-' ? Readable.from(stdin) : createReadStream(resolve(cwd, file))
  let number = 0
  try {
    // A stream that cannot be opened tells so only to those who listen.
    const failed = new Promise<never>((_, reject) => input.once('error', reject))
    failed.catch(() => undefined)
    const lines = createInterface({ input, crlfDelay: Infinity })[Symbol.asyncIterator]()
    for (;;) {
      const next = await Promise.race([lines.next(), failed])
      if (next.done === true) return
      number += 1
      if (next.value.trim() !== '') yield { text: next.value, place: `${file === '-' ? 'stdin' : file}:${number}` }
    }
  } catch (cause) {
    if (cause instanceof SerinError) throw cause
    throw new SerinError('config.unreadable', `${file} cannot be read.`, { cause })
  } finally {
    input.destroy()
  }
}

/** Full batches, and what there is when no more comes soon. A bad line ends them, after what was read before it. */
async function* batches(
  lines: AsyncGenerator<{ readonly text: string; readonly place: string }>,
  service: string | undefined,
): AsyncGenerator<readonly Observation[]> {
  const batch: Observation[] = []
  let soon: Promise<null> | null = null
  let next = lines.next()
  try {
    for (;;) {
      const line = await (soon === null ? next : Promise.race([next, soon]))
      if (line?.done === true) break
      if (line !== null) {
        batch.push(observationOf(line.value, service))
        next = lines.next()
      }
      if (line === null || batch.length >= batchSize) {
        yield batch.splice(0)
        soon = null
      } else soon ??= pause()
    }
  } catch (error) {
    if (batch.length > 0) yield batch.splice(0)
    throw error
  }
  if (batch.length > 0) yield batch
}

async function pause(): Promise<null> {
  return await new Promise((done) => setTimeout(() => done(null), flushMs))
}

function observationOf(
  { text, place }: { readonly text: string; readonly place: string },
  service: string | undefined,
): Observation {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new SerinError('observation.invalid', `${place}: this is not JSON.`)
  }
  const result = Observation.safeParse(value)
  if (!result.success) {
    const [issue] = result.error.issues
    const path = issue?.path.join('.') ?? ''
    throw new SerinError(
      'observation.invalid',
      `${place}: ${path === '' ? '' : `${path}: `}${issue?.message ?? 'it does not fit'}.`,
    )
  }
  return service === undefined ? result.data : { service, ...result.data }
}
