/** A test reporter that prints failures in full, every skipped test with its reason, the slowest files, and a closing count. */
import type { TestEvent } from 'node:test/reporters'
import { SlowestFiles } from './slowest-files.ts'

/** Yields the text to print for a stream of test events. */
export default async function* loudSkips(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  let passed = 0
  let failed = 0
  const skips: string[] = []
  const failures: string[] = []
  const slowest = new SlowestFiles()
  for await (const event of source) {
    slowest.hear(event)
    if (event.type !== 'test:pass' && event.type !== 'test:fail') continue
    if (event.data.details.type === 'suite') continue
    const where = `${event.data.file ?? ''}:${event.data.line ?? 0}`
    if (event.data.skip !== undefined) skips.push(`SKIPPED ${event.data.name}: ${String(event.data.skip)} (${where})`)
    else if (event.type === 'test:pass') passed += 1
    else {
      failed += 1
      const error: unknown = event.data.details.error
      const cause =
        error instanceof Error && error.cause instanceof Error
          ? (error.cause.stack ?? error.cause.message)
          : String(error)
      failures.push(`FAILED ${event.data.name} (${where})\n${cause}`)
    }
  }
  yield '\n'
  for (const line of [...slowest.lines(), '', ...failures, ...skips]) yield `${line}\n`
  yield `\n${passed} passed, ${failed} failed, ${skips.length} skipped\n`
}
