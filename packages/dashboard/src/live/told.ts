import type { JournalLine } from '@serin/sdk'
import type { Judgement } from '@serin/spec'
import { weight } from '../figures.ts'
import type { WordKey } from '../words/en.ts'
import { isWord, type Gaps } from '../words/say.ts'

const keys: Readonly<Record<string, WordKey>> = {
  'rollout.started': 'event.started',
  'rollout.pause': 'event.pause',
  'rollout.resume': 'event.resume',
  'rollout.promote': 'event.promote',
  'rollout.abort': 'event.abort',
  'rollout.approve': 'event.approve',
  'rollout.retry': 'event.retry',
  'rollout.jump': 'event.jump',
  'rollout.judged': 'event.judged',
  'rollout.gate': 'event.gate',
  'routing.applied': 'event.routing',
  'routing.drifted': 'event.drifted',
  'service.created': 'event.serviceCreated',
  'service.changed': 'event.serviceChanged',
  'release.queued': 'event.queued',
  'token.created': 'event.token',
  'token.revoked': 'event.tokenGone',
}

const commands = new Set(['pause', 'resume', 'promote', 'jump', 'abort', 'retry', 'supersede'])

/** The lines that tell who did what: without the router’s bookkeeping, each act once, although the journal keeps both what was asked and what it did, and verdicts only where they changed. */
export function toldLines(lines: readonly JournalLine[]): readonly JournalLine[] {
  const verdicts = new Map<string, string>()
  return lines.filter((line, i) => {
    if (line.kind === 'routing.applied') return false
    const next = lines.slice(i + 1).find(({ stream }) => stream === line.stream)
    if (line.kind === 'rollout.moved')
      return !commands.has(String(line.data['event'])) && !(next !== undefined && isSameMove(line, next))
    if (line.kind !== 'rollout.judged') return true
    const [before, verdict] = [verdicts.get(line.stream) ?? 'undecided', text(field(line.data['judgement'], 'verdict'))]
    verdicts.set(line.stream, verdict)
    return verdict !== before && next?.kind !== 'rollout.moved'
  })
}

/** Going back and having gone back are told once, when it is done. */
function isSameMove({ data }: JournalLine, next: JournalLine): boolean {
  return next.kind === 'rollout.moved' && data['to'] === 'rolling-back' && next.data['to'] === 'rolled-back'
}

/** Whether a line is about a service or one of its rollouts, whose ids are the service and a number. */
export function isAbout({ stream }: Pick<JournalLine, 'stream'>, service: string): boolean {
  const [kind, name = ''] = stream.split('/')
  return kind === 'service' ? name === service : kind === 'rollout' && name.replace(/-\d+$/, '') === service
}

/** The words for a line; null when this page has none. */
export function eventKey({ kind, data }: Pick<JournalLine, 'kind' | 'data'>): WordKey | null {
  if (kind !== 'rollout.moved') return keys[kind] ?? null
  return typeof data['step'] === 'number' && typeof data['weightBp'] === 'number' ? 'event.movedAt' : 'event.moved'
}

/** What fills the words of a line. */
export function eventGaps({ data }: Pick<JournalLine, 'data'>, t: (key: WordKey) => string): Gaps {
  const phase = `phase.${text(data['to'])}`
  const verdict = { safe: 'mark.safe', harmful: 'mark.harmful', undecided: 'mark.undecided' } as const
  const judged = field(data['judgement'], 'verdict')
  return {
    canary: text(field(data['plan'], 'canary')),
    phase: isWord(phase) ? t(phase) : text(data['to']),
    weight: typeof data['weightBp'] === 'number' ? weight(data['weightBp']) : '',
    step: Number(data['step'] ?? data['to']) + 1,
    verdict: judged === 'safe' || judged === 'harmful' || judged === 'undecided' ? t(verdict[judged]) : '',
    gate: text(data['gate']),
    outcome: text(data['outcome']),
    weights: weightsText(data['weights']),
    stable: text(data['stable']),
    version: text(data['version']),
    token: text(data['token']),
    role: text(data['role']),
  }
}

/** Why it happened, in the words of whoever did it. */
export function reasonOf({ kind, data }: Pick<JournalLine, 'kind' | 'data'>): string {
  if (kind === 'rollout.judged') return text(field(data['judgement'], 'sentence'))
  return text(data['why'])
}

/** The judgement a line carries, or null. */
export function judgementIn({ judgement }: JournalLine['data']): Judgement | null {
  const isOne = judgement !== null && typeof judgement === 'object' && 'metrics' in judgement && 'units' in judgement
  return isOne ? (judgement as Judgement) : null
}

function weightsText(value: unknown): string {
  if (value === null || typeof value !== 'object') return ''
  return Object.entries(value)
    .map(([version, bp]) => `${version} ${weight(Number(bp))}`)
    .join(', ')
}

function field(value: unknown, name: string): unknown {
  return value !== null && typeof value === 'object' ? (value as Readonly<Record<string, unknown>>)[name] : undefined
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : value == null ? '' : JSON.stringify(value)
}
