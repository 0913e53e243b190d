import type { Device } from '@serin/spec'
import type { RequestView } from './request-view.ts'

// Searched for as they stand: a pattern takes several times as long, and this is asked of every request.
const bots = ['bot/', 'Bot/', 'bot-', 'Bot-', 'bot;', 'Bot;', 'spider', 'Spider', 'crawler', 'Crawler', 'Slurp']
const tablets = ['iPad', 'Tablet', 'PlayBook', 'Silk']
const phones = ['Mobi', 'iPhone', 'iPod']
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
  const says = (part: string): boolean => agent.includes(part)
  if (bots.some(says)) return 'bot'
  if (tablets.some(says)) return 'tablet'
  if (phones.some(says)) return 'mobile'
  if (says('Android')) return 'tablet'
  return desktops.some(says) ? 'desktop' : 'other'
}
