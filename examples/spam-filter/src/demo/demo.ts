import { parseArgs } from 'node:util'
import { explainText, type Paper } from '@serin/cli/view'
import { chapters, play, type Chapter, type Result } from './chapter.ts'
import { closingLines, resultJson } from './closing.ts'
import { Screen } from './screen.ts'
import { openStage, StageFailure, type Stage } from './stage.ts'

/**
 * The main job, end to end: three releases of a real model to live traffic. Gives the exit code: 0 when every release ended as it should
 * and no client request failed, 130 after Ctrl-C, else 1. Leaves nothing behind.
 */
export async function runDemo(argv: readonly string[]): Promise<number> {
  const { json, keep } = optionsOf(argv)
  const screen = new Screen(process.stdout)
  const interrupted = new AbortController()
  const interrupt = (): void => interrupted.abort(new Error('interrupted'))
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, interrupt)
  let stage: Stage | null = null
  try {
    screen.say(
      '',
      'Serin releases three versions of a spam filter to live traffic. Nothing is staged: real models,',
      'real messages, real processes, real statistics. It takes about two minutes.',
      '',
    )
    stage = await openStage((sentence) => screen.say(sentence))
    const results: Result[] = []
    for (const chapter of chapters)
      results.push(await release(chapter, results.length + 1, stage, screen, interrupted.signal))
    if (keep) await keepRunning(stage, screen, interrupted.signal)
    screen.say('Stopping…')
    const { failed, failureSamples } = await stage.traffic.stop()
    await stage.close()
    stage = null
    screen.say('', ...closingLines(results, failed, screen.paper), ...failureSamples.map((sample) => `  ${sample}`))
    if (json) screen.say(resultJson(results, failed))
    return failed === 0 && results.every(({ chapter, rollout }) => rollout.phase === chapter.expected) ? 0 : 1
  } catch (error) {
    screen.clear()
    if (interrupted.signal.aborted) return 130
    if (!(error instanceof StageFailure)) throw error
    screen.say(error.message)
    return 1
  } finally {
    await stage?.close()
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, interrupt)
  }
}

async function release(
  chapter: Chapter,
  number: number,
  stage: Stage,
  screen: Screen,
  signal: AbortSignal,
): Promise<Result> {
  const { paper } = screen
  screen.say('', paper.ink('strong', `${number} of ${chapters.length}: ${chapter.version}, ${chapter.title}`), '')
  const result = await play(chapter, stage, (snapshot, report) => screen.show(snapshot, report), signal)
  screen.clear()
  screen.say(verdictLine(result, paper))
  screen.tell(explainText(result.rollout), '  ')
  return result
}

function verdictLine({ rollout, chapter, secondsToVerdict, switchMs }: Result, paper: Paper): string {
  const time = `${secondsToVerdict.toFixed(1)} s after its first request; traffic had moved ${Math.round(switchMs)} ms later`
  return rollout.phase === 'promoted'
    ? paper.ink('safe', `● ${chapter.version} was promoted ${time}.`)
    : paper.ink('harm', `■ ${chapter.version} was rolled back ${time}.`)
}

async function keepRunning(stage: Stage, screen: Screen, signal: AbortSignal): Promise<void> {
  screen.say(
    '',
    'Everything keeps running until Ctrl-C. Look around from another terminal:',
    `  npm run serin -- dashboard --data ${stage.dataDirectory}`,
    `  npm run serin -- watch --data ${stage.dataDirectory}`,
    `  npm run serin -- explain --data ${stage.dataDirectory}`,
    '',
  )
  if (!signal.aborted)
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}

/** npm takes options that it knows for itself and leaves them in the environment: `npm run demo --json` means the demo. */
function optionsOf(argv: readonly string[]): { readonly json: boolean; readonly keep: boolean } {
  const { values } = parseArgs({ args: [...argv], options: { json: { type: 'boolean' }, keep: { type: 'boolean' } } })
  const byNpm = (name: string): boolean => process.env[`npm_config_${name}`] === 'true'
  return { json: values.json ?? byNpm('json'), keep: values.keep ?? byNpm('keep') }
}
