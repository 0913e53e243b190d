import type { Client } from '@serin/sdk'
import { SerinError } from '@serin/spec'
import type { Controls } from './live-view.ts'
import type { Deed } from './view/deeds.ts'
import { age } from './view/figures.ts'
import { atRest, keyLines, look, press, saying, type Keyboard } from './view/keys.ts'
import type { Paper } from './view/paper.ts'
import { staleMs, type Snapshot } from './view/watch.ts'

/** The keys of a live view: asks, does what was agreed to, and says what came of it. */
export class LiveKeys {
  readonly #controls: Controls
  readonly #changed: () => void
  #keyboard: Keyboard = atRest
  #who: { readonly role: string; readonly may: readonly string[] } | null = null

  constructor(controls: Controls, changed: () => void) {
    this.#controls = controls
    this.#changed = changed
    controls.connection.client.whoami({}).then(
      (who) => (this.#who = who),
      // The control plane refuses by itself what one may not do.
      () => undefined,
    )
  }

  /** Takes a key that was pressed while a snapshot was seen. */
  press(key: string, { status, heardAt, now: drawnAt }: Snapshot): void {
    const now = Date.now()
    const silentMs = Math.max(now, drawnAt) - heardAt
    const { keyboard, pressed } = press(this.#keyboard, key, {
      status,
      now,
      silent: silentMs > staleMs ? age(silentMs) : null,
      may: this.#who?.may ?? null,
      role: this.#who?.role ?? '',
    })
    this.#keyboard = keyboard
    if (pressed.kind === 'quit') this.#controls.quit()
    if (pressed.kind === 'do') void this.#do(pressed.deed, pressed.why)
    this.#changed()
  }

  /** The lines below the view. */
  lines({ status, now }: Snapshot, paper: Paper): readonly string[] {
    this.#keyboard = look(this.#keyboard, { status, now })
    return keyLines(this.#keyboard, status, paper)
  }

  async #do(deed: Deed, why: string): Promise<void> {
    const say = (text: string, style: 'quiet' | 'safe' | 'wait') => {
      this.#keyboard = saying(this.#keyboard, text, { style, now: Date.now() })
      this.#changed()
    }
    say(`${deed.name}…`, 'quiet')
    try {
      await done(this.#controls.connection.again().client, deed, why)
      say(`${deed.name}: done.`, 'safe')
    } catch (error) {
      say(error instanceof SerinError ? `${error.message} ${error.hint}` : String(error), 'wait')
    }
  }
}

/** The control plane is told which step was seen, so that a key that comes late moves nothing. */
async function done(client: Client, { operation, seen }: Deed, why: string): Promise<unknown> {
  const rollout = seen.id
  if (operation === 'promote') return await client.promote({ rollout, why, seenStep: seen.step })
  return await client[operation]({ rollout, why })
}
