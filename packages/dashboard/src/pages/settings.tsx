import { closeSession } from '@serin/sdk'
import type { AccessToken, Role } from '@serin/spec'
import { useEffect, useState } from 'preact/hooks'
import { moment } from '../figures.ts'
import { tell } from '../live/connect.ts'
import { language, singleKeys, t, theme, themes } from '../live/preferences.ts'
import { client, may, me, session, setSession } from '../live/state.ts'
import { Command } from '../parts/command.tsx'
import { Dialog } from '../parts/dialog.tsx'
import { showKeys } from '../parts/keys.tsx'
import { languages, type Language } from '../words/say.ts'

/** How it looks, who this browser is, and who else may come in. */
export function Settings() {
  useEffect(() => {
    document.title = `${t('settings.title')} · Serin`
  })
  return (
    <>
      <h1 class="verdict">{t('settings.title')}</h1>
      <div class="settings">
        <Look />
        <Session />
        <Tokens />
      </div>
    </>
  )
}

function Look() {
  return (
    <section class="card" aria-labelledby="look-title">
      <h2 id="look-title">{t('settings.look')}</h2>
      <Choice
        word={t('settings.theme')}
        all={themes.map((each) => [each, t(`settings.theme.${each}`)])}
        now={theme.value}
        choose={(each) => (theme.value = each)}
      />
      <Choice
        word={t('settings.language')}
        all={Object.entries(languages) as [Language, string][]}
        now={language.value}
        choose={(each) => (language.value = each)}
      />
      <Choice
        word={t('settings.keys')}
        all={[
          ['on', t('settings.keysOn')],
          ['off', t('settings.keysOff')],
        ]}
        now={singleKeys.value ? 'on' : 'off'}
        choose={(each) => (singleKeys.value = each === 'on')}
      />
      <button type="button" onClick={showKeys}>
        {t('nav.keys')} <kbd aria-hidden="true">?</kbd>
      </button>
    </section>
  )
}

interface ChoiceProps<T extends string> {
  readonly word: string
  readonly all: readonly (readonly [T, string])[]
  readonly now: T
  readonly choose: (one: T) => void
}

function Choice<T extends string>({ word, all, now, choose }: ChoiceProps<T>) {
  return (
    <div class="row setting" role="group" aria-label={word}>
      <span class="quiet">{word}</span>
      <span class="choice">
        {all.map(([key, name]) => (
          <button type="button" aria-pressed={key === now} onClick={() => choose(key)}>
            {name}
          </button>
        ))}
      </span>
    </div>
  )
}

function Session() {
  const [link, setLink] = useState<string | null>(null)
  const who = me.value
  const half = session.value
  const logOut = () => {
    if (half === null) return
    closeSession(location.origin, half)
      .then(() => setSession(null))
      .catch(tell)
  }
  const makeLink = () => {
    client.value
      .createLoginLink({})
      .then(({ path }) => setLink(`${location.origin}${path}`))
      .catch(tell)
  }
  return (
    <section class="card" aria-labelledby="session-title">
      <h2 id="session-title">{t('settings.session')}</h2>
      {who === null ? null : (
        <>
          <p>{t('settings.you', { name: who.actor, role: who.role })}</p>
          <p class="quiet">{t('settings.server', { version: who.version, directory: who.dataDirectory })}</p>
        </>
      )}
      <p class="row">
        <button type="button" onClick={logOut}>
          {t('settings.logout')}
        </button>
        <button type="button" onClick={makeLink}>
          {t('settings.link')}
        </button>
      </p>
      {link === null ? null : <Command title={t('settings.linkIs')} line={link} />}
    </section>
  )
}

function Tokens() {
  const [tokens, setTokens] = useState<readonly AccessToken[]>([])
  const [made, setMade] = useState<{ readonly name: string; readonly secret: string } | null>(null)
  const [leaving, setLeaving] = useState<string | null>(null)
  const isAllowed = may('listTokens')
  const load = () => {
    client.value
      .listTokens({})
      .then((answer) => setTokens(answer.tokens))
      .catch(tell)
  }
  useEffect(() => {
    if (isAllowed) load()
  }, [isAllowed])
  return (
    <section class="card wide" aria-labelledby="tokens-title">
      <h2 id="tokens-title">{t('settings.tokens')}</h2>
      {isAllowed ? null : <p class="quiet">{t('settings.tokensWhy')}</p>}
      <ul class="tokens">
        {tokens.map(({ name, role, expiresAt, lastFour }) => (
          <li key={name}>
            <b>{name}</b> <span>{role}</span> <code>…{lastFour}</code>
            <span class="quiet">
              {expiresAt === null ? t('settings.never') : t('settings.ends', { when: moment(expiresAt) })}
            </span>
            <button type="button" aria-label={`${t('settings.revoke')} ${name}`} onClick={() => setLeaving(name)}>
              {t('settings.revoke')}
            </button>
          </li>
        ))}
      </ul>
      {isAllowed ? (
        <NewToken
          onMade={(one) => {
            setMade(one)
            load()
          }}
        />
      ) : null}
      {made === null ? null : <Command title={t('settings.secret', { name: made.name })} line={made.secret} />}
      <Command line="serin token list" />
      {leaving === null ? null : (
        <Revoke
          name={leaving}
          onClose={() => {
            setLeaving(null)
            load()
          }}
        />
      )}
    </section>
  )
}

function NewToken({ onMade }: { readonly onMade: (made: { readonly name: string; readonly secret: string }) => void }) {
  const [name, setName] = useState('')
  const [role, setRole] = useState<Role>('viewer')
  const make = (event: Event) => {
    event.preventDefault()
    client.value
      .createToken({ name, role })
      .then(({ secret }) => {
        setName('')
        return onMade({ name, secret })
      })
      .catch(tell)
  }
  return (
    <form class="row" onSubmit={make}>
      <label class="field">
        {t('settings.name')}
        <input required value={name} onInput={(event) => setName(event.currentTarget.value)} />
      </label>
      <label class="field">
        {t('settings.role')}
        <select value={role} onChange={(event) => setRole(event.currentTarget.value as Role)}>
          {(['viewer', 'operator', 'deployer', 'admin'] as const).map((each) => (
            <option value={each}>{each}</option>
          ))}
        </select>
      </label>
      <button type="submit">{t('settings.make')}</button>
    </form>
  )
}

function Revoke({ name, onClose }: { readonly name: string; readonly onClose: () => void }) {
  const revoke = () => {
    client.value.revokeToken({ name }).then(onClose).catch(tell)
  }
  return (
    <Dialog title={`${t('settings.revoke')}: ${name}`} onClose={onClose}>
      <p>{t('settings.revokeEffect', { name })}</p>
      <p class="row end">
        <button type="button" onClick={onClose}>
          {t('do.cancel')}
        </button>
        <button type="button" class="primary" onClick={revoke}>
          {t('settings.revoke')}
        </button>
      </p>
    </Dialog>
  )
}
