import { openSession } from '@serin/sdk'
import { useEffect, useState } from 'preact/hooks'
import { language, t } from '../live/preferences.ts'
import { go, place } from '../live/route.ts'
import { setSession } from '../live/state.ts'
import { Command } from '../parts/command.tsx'
import { Emblem } from '../parts/emblem.tsx'
import { languages, type Language } from '../words/say.ts'

/** Logs in with the code of the address, if it has one, and says how to get one. */
export function Login() {
  const [said, setSaid] = useState<string | null>(null)
  const code = place.value.page === 'login' ? place.value.code : ''
  useEffect(() => {
    if (code === '') return
    setSaid(null)
    // The code is used up: it does not stay in the address bar, nor in the history of the browser.
    history.replaceState(null, '', '/login')
    void logIn(code).then(setSaid)
  }, [code])
  return (
    <main id="main" class="login card">
      <Emblem />
      <h1>{t('login.title')}</h1>
      {said === null ? (
        <p role="status">{code === '' ? t('login.over') : t('login.trying')}</p>
      ) : (
        <p role="alert" class="tone-harm">
          ■ {said}
        </p>
      )}
      <p>{t('login.how')}</p>
      <Command line="serin dashboard" title="" />
      <p class="quiet">{t('login.why')}</p>
      <p class="row">
        {(Object.entries(languages) as [Language, string][]).map(([key, name]) => (
          <button type="button" lang={key} aria-pressed={language.value === key} onClick={() => (language.value = key)}>
            {name}
          </button>
        ))}
      </p>
    </main>
  )
}

/** Returns what went wrong, or null. */
async function logIn(code: string): Promise<string | null> {
  try {
    setSession(await openSession(location.origin, code))
    go({ page: 'overview', query: '', show: 'all' }, { instead: true })
    return null
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
