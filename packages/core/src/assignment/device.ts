import type { Device } from '@serin/spec'
import type { RequestView } from './request-view.ts'

// Searched for as they stand, and what words have in common once for all of them: a pattern takes several times as long, and this is asked of
// every request.
const tablets = ['Tablet', 'PlayBook', 'Silk']
const desktops = ['Windows NT', 'Macintosh', 'X11', 'CrOS']

/**
 * What a request was made with: by the client hints `Sec-CH-UA-Mobile` and `-Platform` where a browser sends them, else by the user agent. A tablet that
 * says it is a desktop is one: nothing tells them apart.
 */
export function deviceOf(request: Pick<RequestView, 'header'>): Device {
  const mobile = request.header('sec-ch-ua-mobile')
  if (mobile === '?1') return 'mobile'
  if (mobile === '?0') return request.header('sec-ch-ua-platform') === '"Android"' ? 'tablet' : 'desktop'
  const agent = request.header('user-agent') ?? ''
  if (isBot(agent)) return 'bot'
  const apple = agent.includes('iP')
  if ((apple && agent.includes('iPad')) || saysAny(agent, tablets)) return 'tablet'
  if (agent.includes('Mobi') || (apple && (agent.includes('iPhone') || agent.includes('iPod')))) return 'mobile'
  if (agent.includes('Android')) return 'tablet'
  return saysAny(agent, desktops) ? 'desktop' : 'other'
}

function saysAny(agent: string, words: readonly string[]): boolean {
  for (const word of words) if (agent.includes(word)) return true
  return false
}

/** `bot/`, `bot-` or `bot;`, `spider`, `crawler`, each with a small or a capital letter, or `Slurp`. */
function isBot(agent: string): boolean {
  for (let at = agent.indexOf('ot'); at >= 0; at = agent.indexOf('ot', at + 1)) {
    const [before, after] = [agent[at - 1], agent[at + 2]]
    if ((before === 'b' || before === 'B') && (after === '/' || after === '-' || after === ';')) return true
  }
  return follows(agent, 'pider', 'sS') || follows(agent, 'rawler', 'cC') || agent.includes('Slurp')
}

/** Whether the rest of a word comes anywhere behind one of its first letters. */
function follows(agent: string, rest: string, letters: string): boolean {
  for (let at = agent.indexOf(rest); at >= 0; at = agent.indexOf(rest, at + 1))
    if (at > 0 && letters.includes(agent[at - 1] ?? ' ')) return true
  return false
}
