import { SerinError } from '@serin/spec'

/** The names under which a control plane that listens only on loopback may be reached. */
const loopbackName = /^(localhost|.+\.localhost|127(\.\d{1,3}){3}|\[::1\])$/i

/** Whether an address to listen on is reached from this machine only. */
export function isLoopback(host: string): boolean {
  return loopbackName.test(host.includes(':') ? `[${host}]` : host)
}

/** Where a request says it goes and where it comes from. */
export interface Whereabouts {
  readonly host: string | undefined
  readonly origin: string | undefined
  /** `Sec-Fetch-Site` of browsers. */
  readonly site: string | undefined
}

/**
 * Refuses what a page of another site may have sent through somebody's browser: under another site's name (a name that was bound again to this address), or from
 * another origin. `names` are the host names by which this control plane may be reached, besides its loopback ones; null means any.
 */
export function checkWhereabouts({ host, origin, site }: Whereabouts, names: readonly string[] | null): void {
  const name = host === undefined ? '' : host.replace(/:\d+$/, '')
  if (names !== null && !loopbackName.test(name) && !names.includes(name.toLowerCase()))
    throw new SerinError('origin.refused', `This control plane is not called "${name}".`)
  if (origin !== undefined && hostOf(origin) !== host)
    throw new SerinError('origin.refused', `Pages of ${origin} may not use this control plane.`)
  if (site === 'cross-site' || site === 'same-site')
    throw new SerinError('origin.refused', 'Pages of other sites may not use this control plane.')
}

function hostOf(origin: string): string | null {
  return URL.canParse(origin) ? new URL(origin).host : null
}

/** What every answer tells a browser: nothing here is to be guessed, framed, cached, or loaded by another site. */
export const securityHeaders: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
}
