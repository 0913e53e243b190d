import { formatDuration } from '@serin/spec'
import type { NamedGate } from '../plan.ts'

/** What a gate needs to pass, in words. */
export function gateNeeds(gate: NamedGate): string {
  switch (gate.kind) {
    case 'approval': {
      const who = gate.people === 1 ? 'one person' : `${gate.people} people`
      return `${gate.name}: ${who}${gate.from === undefined ? '' : ` of ${gate.from.join(', ')}`}`
    }
    case 'http':
      return `${gate.name}: ${gate.method} ${gate.url} answers as expected within ${formatDuration(gate.within)}`
    case 'command':
      return `${gate.name}: ${gate.command[0] ?? 'a command'} ends with 0 within ${formatDuration(gate.within)}`
    case 'requests':
      return `${gate.name}: at most ${gate.maxFailed} % of ${gate.file} fail, within ${formatDuration(gate.within)}`
    case 'window':
      return `${gate.name}: ${gate.days.join(', ')} ${gate.from}–${gate.to} ${gate.timezone}`
    case 'dependency':
      return `${gate.name}: ${gate.service} ${gate.version === undefined ? 'with no rollout under way' : `at ${gate.version}`}`
    case 'replication':
      return `${gate.name}: at most ${formatDuration(gate.maxLag)} behind`
  }
}
