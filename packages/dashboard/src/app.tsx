import { signal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { useEffect } from 'preact/hooks'
import { connect, tell } from './live/connect.ts'
import { isOpen } from './live/marks.ts'
import { language, t } from './live/preferences.ts'
import { place } from './live/route.ts'
import { freshness, link, me, now, problem, services, session } from './live/state.ts'
import { duration } from './figures.ts'
import { Gates } from './pages/gates.tsx'
import { History } from './pages/history.tsx'
import { Journal } from './pages/journal.tsx'
import { Login } from './pages/login.tsx'
import { Overview } from './pages/overview.tsx'
import { RolloutPage, ServicePage } from './pages/rollout.tsx'
import { Settings } from './pages/settings.tsx'
import { addressOf, type Place } from './places.ts'
import { Emblem } from './parts/emblem.tsx'
import { Keys } from './parts/keys.tsx'

const plan = signal<typeof import('./pages/plan.tsx') | null>(null)

/** The whole dashboard: who is not logged in sees how to, everybody else the place they are at. */
export function App() {
  const half = session.value
  const isLogin = place.value.page === 'login'
  useEffect(() => (half === null || isLogin ? undefined : connect()), [half, isLogin])
  if (half === null || place.value.page === 'login') return <Login />
  return (
    <>
      <a class="skip" href="#main">
        {t('nav.skip')}
      </a>
      <Header />
      <Freshness />
      <main id="main" tabIndex={-1} class={freshness.value === 'live' || freshness.value === 'connecting' ? '' : 'old'}>
        <Page />
      </main>
      <Problem />
      <Keys />
    </>
  )
}

function Page() {
  const at = place.value
  switch (at.page) {
    case 'overview':
      return <Overview query={at.query} show={at.show} />
    case 'service':
      return <ServicePage name={at.service} />
    case 'rollout':
      return <RolloutPage id={at.rollout} at={at.at} />
    case 'plan':
      return <PlanPage service={at.service} to={at.to} />
    case 'gates':
      return <Gates />
    case 'history':
      return <History query={at.query} />
    case 'journal':
      return <Journal query={at.query} />
    case 'settings':
      return <Settings />
    default:
      return <Nowhere path={addressOf(at)} />
  }
}

/** Before a release: loaded when somebody asks for it. */
function PlanPage(props: { readonly service: string; readonly to: string | null }) {
  useEffect(() => {
    if (plan.value === null)
      import('./pages/plan.tsx').then((module) => (plan.value = module)).catch((error: unknown) => tell(error))
  }, [])
  const page = plan.value
  return page === null ? <p class="quiet">{t('loading')}</p> : <page.Plan {...props} />
}

function Nowhere({ path }: { readonly path: string }) {
  return <h1 class="verdict">{t('nowhere', { path })}</h1>
}

function Header() {
  const page = place.value.page
  const who = me.value
  return (
    <header class="top">
      <a class="brand" href="/" aria-label="Serin">
        <Emblem />
        Serin
      </a>
      <nav aria-label={t('nav.main')}>
        <NavLink
          to={{ page: 'overview', query: '', show: 'all' }}
          here={page === 'overview' || page === 'service' || page === 'plan'}
        >
          {t('nav.overview')}
        </NavLink>
        <NavLink to={{ page: 'gates' }} here={page === 'gates'}>
          {t('nav.gates')}
          <Waiting />
        </NavLink>
        <NavLink to={{ page: 'history', query: '' }} here={page === 'history' || page === 'rollout'}>
          {t('nav.history')}
        </NavLink>
        <NavLink to={{ page: 'journal', query: '' }} here={page === 'journal'}>
          {t('nav.journal')}
        </NavLink>
        <NavLink to={{ page: 'settings' }} here={page === 'settings'}>
          {t('nav.settings')}
        </NavLink>
      </nav>
      <span class="who">
        {who === null
          ? ''
          : who.actor === who.role
            ? who.actor
            : t('nav.loggedIn', { name: who.actor, role: who.role })}
      </span>
    </header>
  )
}

function NavLink({ to, here, children }: { to: Place; here: boolean; children: ComponentChildren }) {
  return (
    <a href={addressOf(to)} aria-current={here ? 'page' : undefined}>
      {children}
    </a>
  )
}

/** How many gates wait for people. */
function Waiting() {
  const waiting = [...services.value.values()].filter(({ rollout }) => rollout?.gate?.people != null && isOpen(rollout))
  return waiting.length === 0 ? null : <span class="count">{waiting.length}</span>
}

/** Whether what is shown is so now; if not, how old it is. */
function Freshness() {
  const state = freshness.value
  const age = duration(now.value - (link.value.heardAt ?? now.value), language.value)
  const text = {
    live: '',
    connecting: t('link.connecting'),
    never: t('link.never'),
    stale: t('link.stale', { age }),
    lost: t('link.lost', { age }),
  }[state]
  return (
    <div class={`freshness ${state}`} role="status">
      {text}
    </div>
  )
}

function Problem() {
  const text = problem.value
  return text === null ? null : (
    <div class="problem" role="alert">
      <span>■ {text}</span>
      <button type="button" onClick={() => (problem.value = null)}>
        {t('problem.close')}
      </button>
    </div>
  )
}
