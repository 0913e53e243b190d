/** Where somebody is in the dashboard; the address bar says the same. */
export type Place =
  | { readonly page: 'overview'; readonly query: string; readonly show: Show }
  | { readonly page: 'service'; readonly service: string }
  | { readonly page: 'rollout'; readonly rollout: string; readonly at: number | null }
  | { readonly page: 'plan'; readonly service: string; readonly to: string | null }
  | { readonly page: 'gates' }
  | { readonly page: 'history'; readonly query: string }
  | { readonly page: 'journal'; readonly query: string }
  | { readonly page: 'settings' }
  | { readonly page: 'login'; readonly code: string }
  | { readonly page: 'nowhere'; readonly path: string }

/** Which services a list shows. */
export const shows = ['all', 'attention', 'moving'] as const
export type Show = (typeof shows)[number]

/** The place of an address: path, query and what stands behind `#`. Whatever is unknown is a place of its own, never another one. */
export function placeOf({ pathname, search, hash }: Pick<URL, 'pathname' | 'search' | 'hash'>): Place {
  const query = new URLSearchParams(search)
  const text = query.get('q') ?? ''
  const [first = '', second, third] = pathname.split('/').slice(1).map(decoded)
  const nowhere: Place = { page: 'nowhere', path: pathname }
  switch (first) {
    case '':
      return { page: 'overview', query: text, show: shows.find((each) => each === query.get('show')) ?? 'all' }
    case 'services':
      if (second === undefined || second === '') return nowhere
      if (third === 'plan') return { page: 'plan', service: second, to: query.get('to') }
      return third === undefined ? { page: 'service', service: second } : nowhere
    case 'rollouts':
      if (second === undefined || second === '' || third !== undefined) return nowhere
      return { page: 'rollout', rollout: second, at: momentOf(query.get('at')) }
    case 'gates':
    case 'settings':
      return { page: first }
    case 'history':
    case 'journal':
      return { page: first, query: text }
    case 'login':
      return { page: 'login', code: hash.replace(/^#/, '') }
    default:
      return nowhere
  }
}

/** The address of a place, without its host. */
export function addressOf(place: Place): string {
  switch (place.page) {
    case 'overview':
      return `/${queryOf({ q: place.query, show: place.show === 'all' ? '' : place.show })}`
    case 'service':
      return `/services/${encodeURIComponent(place.service)}`
    case 'plan':
      return `/services/${encodeURIComponent(place.service)}/plan${queryOf({ to: place.to ?? '' })}`
    case 'rollout':
      return `/rollouts/${encodeURIComponent(place.rollout)}${queryOf({ at: place.at === null ? '' : String(place.at) })}`
    case 'history':
    case 'journal':
      return `/${place.page}${queryOf({ q: place.query })}`
    case 'gates':
    case 'settings':
      return `/${place.page}`
    case 'login':
      return '/login'
    case 'nowhere':
      return place.path
  }
}

function queryOf(values: Readonly<Record<string, string>>): string {
  const query = new URLSearchParams(Object.entries(values).filter(([, value]) => value !== ''))
  const text = query.toString()
  return text === '' ? '' : `?${text}`
}

function momentOf(text: string | null): number | null {
  return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : null
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}
