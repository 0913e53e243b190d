import { readFileSync } from 'node:fs'
import { exitCodes } from './command.ts'
import { commands } from './commands/all.ts'
import { createOutput, paperOf, wantsColour } from './output.ts'
import { asksForJson, parseCommandLine } from './program.ts'
import { createWorkingLine } from './working-line.ts'
import { errorLines, problemOf } from './report-error.ts'
import { asciiText, isAsciiOnly } from './view/ascii.ts'
import { writtenBy } from './world.ts'
import type { Stream, World } from './world.ts'

/** Version of this command line. */
export const cliVersion = (
  JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }
).version

/** Runs one command line and resolves with its exit code. Never rejects: every error is told on stderr, as lines or, with `-o json`, as a problem document. */
export async function runCli(argv: readonly string[], world: World): Promise<number> {
  const { stdout, stderr, env } = world
  try {
    const parsed = parseCommandLine(argv, { version: cliVersion, width: Math.min(stdout.columns ?? 80, 100) })
    if ('text' in parsed) {
      stdout.write(parsed.text)
      return exitCodes.done
    }
    const { command, args, options, globals, colour, words } = parsed
    const shown = isAsciiOnly(env) && globals.output !== 'json' && globals.output !== 'yaml' ? inAscii(world) : world
    const working = createWorkingLine(shown, () => paperOf(stderr, wantsColour(stderr, env, colour)))
    const out = createOutput(working, globals.output, colour)
    try {
      return await command.run({ args, options, globals, words, world: working.world, out, table: commands })
    } finally {
      working.end()
    }
  } catch (error) {
    const plain = argv.includes('--no-color')
    const paper = paperOf(stderr, wantsColour(stderr, env, !plain))
    const lines = asksForJson(argv) ? [JSON.stringify(problemOf(error))] : errorLines(error, paper)
    for (const line of lines) stderr.write(`${line}\n`)
    return exitCodes.failed
  }
}

/** The same world, for a locale that has only ASCII. */
function inAscii(world: World): World {
  return { ...world, stdout: asciiStream(world.stdout), stderr: asciiStream(world.stderr) }
}

function asciiStream(stream: Stream): Stream {
  return writtenBy(stream, (text) => stream.write(asciiText(text)))
}
