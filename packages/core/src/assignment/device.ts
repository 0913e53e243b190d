import type { Device } from '@serin/spec'
import type { RequestView } from './request-view.ts'

/**
 * What a request was made with: by the client hints `Sec-CH-UA-Mobile` and `-Platform` where a browser sends them, else by the user agent. A tablet that
 * says it is a desktop is one: nothing tells them apart.
 */
export function deviceOf(request: Pick<RequestView, 'header'>): Device {
  const agent = request.header('user-agent') ?? ''
  if (/bot[/-]|crawler|spider|slurp/i.test(agent)) return 'bot'
  const mobile = request.header('sec-ch-ua-mobile')
  if (mobile === '?1') return 'mobile'
  if (mobile === '?0') return request.header('sec-ch-ua-platform') === '"Android"' ? 'tablet' : 'desktop'
  if (/iPad|Tablet|PlayBook|Silk|Android(?!.*Mobile)/.test(agent)) return 'tablet'
  if (/Mobi|iPhone|iPod/.test(agent)) return 'mobile'
  if (/Windows NT|Macintosh|X11|CrOS/.test(agent)) return 'desktop'
  return 'other'
}
