import { signal } from '@preact/signals'
import { addressOf, placeOf, type Place } from '../places.ts'

/** Where somebody is. */
export const place = signal<Place>(placeOf(location))

/** Goes to a place; `instead` leaves no trace in the history of the browser. */
export function go(next: Place, { instead = false }: { readonly instead?: boolean } = {}): void {
  history[instead ? 'replaceState' : 'pushState'](null, '', addressOf(next))
  const isOther = next.page !== place.value.page
  place.value = next
  if (!isOther || instead) return
  scrollTo(0, 0)
  // Whoever listens to the page is told that it is another one.
  requestAnimationFrame(() => document.querySelector<HTMLElement>('main')?.focus({ preventScroll: true }))
}

/** Follows the address bar, and plain clicks on links of this dashboard. */
export function followAddress(): void {
  addEventListener('popstate', () => (place.value = placeOf(location)))
  addEventListener('hashchange', () => (place.value = placeOf(location)))
  document.addEventListener('click', (event) => {
    const link = event.target instanceof Element ? event.target.closest('a') : null
    if (link === null || link.origin !== location.origin || link.target !== '' || link.pathname.startsWith('/v1/'))
      return
    if (link.hash !== '' && link.pathname === location.pathname) return
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
    event.preventDefault()
    go(placeOf(link))
  })
}
