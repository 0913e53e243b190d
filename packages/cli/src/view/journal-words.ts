import type { JournalLine } from '@serin/sdk'
import { weight } from './figures.ts'
import { cleanText } from './text.ts'

/** What a line of the journal says, in words; one line. */
export function journalWords({ kind, data }: Pick<JournalLine, 'kind' | 'data'>): string {
  return cleanText(`${whatHappened(kind, data)}${because(data)}`)
}

/** The lines that tell who did what: without the router's bookkeeping, and each act once, although the journal keeps both what was asked or judged and what it did. */
export function toldLines(lines: readonly JournalLine[]): readonly JournalLine[] {
  return lines.filter((line, i) => {
    if (line.kind === 'routing.applied') return false
    if (line.kind === 'rollout.moved') return !commands.has(String(line.data['event']))
    const next = lines[i + 1]
    return !(
      line.kind === 'rollout.judged' &&
      next?.kind === 'rollout.moved' &&
      next.data['event'] === 'judged' &&
      next.stream === line.stream
    )
  })
}

/** Whether a line is about a service or one of its rollouts, whose ids are the service and a number. */
export function isAboutService({ stream }: Pick<JournalLine, 'stream'>, service: string): boolean {
  const [kind, name = ''] = stream.split('/')
  if (kind === 'service') return name === service
  return kind === 'rollout' && name.replace(/-\d+$/, '') === service
}

const commands = new Set(['pause', 'resume', 'promote', 'jump', 'abort', 'retry', 'supersede'])

function whatHappened(kind: string, data: JournalLine['data']): string {
  switch (kind) {
    case 'service.created':
      return `created, with ${text(data['stable'])} as stable`
    case 'service.changed':
      return `changed: ${list(data['details'])}`
    case 'routing.applied':
      return `routing ${text(data['revision'])}: ${shares(data['weights'])}`
    case 'store.recovered':
      return 'the store can write again'
    case 'token.created':
      return `made the token ${text(data['token'])}, with the role ${text(data['role'])}`
    case 'token.revoked':
      return `took back the token ${text(data['token'])}`
    case 'routing.drifted':
      return `found the router changed by somebody else, and ${data['left'] === true ? 'leaves it so' : 'puts it right'}`
    case 'routing.settled':
      return 'the router does again what it was asked'
    case 'version.cut-off':
      return `stopped ${text(data['version'])} with ${text(data['count'])} open requests, streams or tunnels cut off`
    case 'rollout.started':
      return `release of ${text(field(data['plan'], 'canary'))}`
    case 'rollout.judged':
      return `verdict: ${text(field(data['judgement'], 'verdict'))}. ${text(field(data['judgement'], 'sentence'))}`
    case 'rollout.moved':
      return moved(data)
    case 'rollout.arm':
      return `challenger ${text(data['version'])} ${text(data['what'])}`
    case 'rollout.gate':
      return `gate ${text(data['gate'])} ${text(data['outcome'])}`
    case 'rollout.jump':
      return `jump to step ${Number(data['to']) + 1}`
    case 'rollout.approve':
      return 'approve'
    case 'notice.failed':
      return 'a notice did not arrive'
    case 'release.queued':
      return `release of ${text(data['version'])} waits`
    case 'release.dropped':
      return `release of ${text(data['version'])} is dropped`
    case 'release.started':
      return `coupled release, ${text(data['order'])}, of ${members(data['members'])}`
    case 'release.member':
      return `member ${text(data['service'])}: ${text(data['to'])}${typeof data['rollout'] === 'string' ? ` (${data['rollout']})` : ''}`
    case 'release.moved':
      return `release ${text(data['to'])}`
    default:
      return kind.replace(/^rollout\./, '').replaceAll(/[-.]/g, ' ')
  }
}

function moved(data: JournalLine['data']): string {
  const { to, step, weightBp, reason } = data as Readonly<Record<'to' | 'step' | 'weightBp' | 'reason', unknown>>
  const at =
    typeof step === 'number' && typeof weightBp === 'number' ? ` at ${weight(weightBp)} (step ${step + 1})` : ''
  switch (to) {
    case 'watching':
      return `watching${at}`
    case 'holding':
      return `held${at}`
    case 'rolling-back':
      return `rolling back (${text(reason)})`
    case 'rolled-back':
      return `rolled back (${text(reason)})`
    case undefined:
      return 'moved'
    default:
      return text(to)
  }
}

function because(data: JournalLine['data']): string {
  const why = data['why']
  return typeof why === 'string' && why !== '' ? `: ${why}` : ''
}

function shares(weights: unknown): string {
  if (weights === null || typeof weights !== 'object') return ''
  return Object.entries(weights)
    .map(([version, share]) => `${version} ${typeof share === 'number' ? weight(share) : text(share)}`)
    .join(', ')
}

function members(values: unknown): string {
  if (!Array.isArray(values)) return text(values)
  return values.map((member) => `${text(field(member, 'service'))} ${text(field(member, 'to'))}`).join(', ')
}

function list(values: unknown): string {
  return Array.isArray(values) ? values.map(text).join('; ') : text(values)
}

function field(value: unknown, name: string): unknown {
  return value !== null && typeof value === 'object' ? (value as Record<string, unknown>)[name] : undefined
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '?')
}
