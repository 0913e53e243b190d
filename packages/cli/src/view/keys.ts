import type { Rollout, ServiceStatus } from '@serin/spec'
import { deedKeys, deedOf, outdated, type Deed, type DeedKey } from './deeds.ts'
import { hintsFor } from './hints.ts'
import type { Paper, Style } from './paper.ts'
import { cleanText, joinWithin, wrapText } from './text.ts'
import { isOpen } from './versions.ts'

/** What the keyboard of the live view is about. */
export interface Keyboard {
  /** A deed somebody is being asked about, and the reason typed so far. */
  readonly asked: { readonly key: DeedKey; readonly deed: Deed; readonly why: string } | null
  readonly help: boolean
  /** What is said of the last key, and until when. */
  readonly said: { readonly text: string; readonly style: Style; readonly until: number } | null
}

/** What is seen while a key is pressed, and what whoever presses may do. */
export interface Seen {
  readonly status: ServiceStatus
  readonly now: number
  /** How long nothing was heard, when that is too long to act on; else null. */
  readonly silent: string | null
  /** The operations the role may call; null while nobody knows. */
  readonly may: readonly string[] | null
  readonly role: string
}

/** What a key leads to besides another keyboard. */
export type Pressed =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'quit' }
  | { readonly kind: 'do'; readonly deed: Deed; readonly why: string }

type Answer = { readonly keyboard: Keyboard; readonly pressed: Pressed }

/** A keyboard nobody has touched. */
export const atRest: Keyboard = { asked: null, help: false, said: null }

const saidForMs = 8_000
const longestWhy = 500
const nothing: Pressed = { kind: 'nothing' }

/** What is said below the view for a while. */
export function saying(keyboard: Keyboard, text: string, { style, now }: { style: Style; now: number }): Keyboard {
  return { ...keyboard, asked: null, said: { text, style, until: now + saidForMs } }
}

/** What a key means. Nothing is done without a yes to a question that named the effect. */
export function press(keyboard: Keyboard, key: string, seen: Seen): Answer {
  if (keyboard.asked !== null) return answer({ ...keyboard, asked: keyboard.asked }, key, seen)
  const rest: Keyboard = { ...keyboard, said: null }
  // Whoever goes on to a deed has read the help, and needs the evidence that it takes the place of.
  const read: Keyboard = { ...rest, help: false }
  if (key === 'q') return { keyboard: rest, pressed: { kind: 'quit' } }
  if (key === '?') return { keyboard: { ...rest, help: !keyboard.help }, pressed: nothing }
  if (key === escape) return { keyboard: read, pressed: nothing }
  if (!Object.hasOwn(deedKeys, key)) return { keyboard: rest, pressed: nothing }
  const deed = seen.status.rollout === null ? 'There is no rollout.' : deedOf(key as DeedKey, seen.status.rollout)
  const refusal = typeof deed === 'string' ? deed : refusalOf(deed, seen)
  if (refusal !== null || typeof deed === 'string')
    return { keyboard: saying(read, refusal ?? '', { style: 'wait', now: seen.now }), pressed: nothing }
  return { keyboard: { ...read, asked: { key: key as DeedKey, deed, why: '' } }, pressed: nothing }
}

/** The same keyboard when something else is seen: a question about what is no longer there is taken back. */
export function look(keyboard: Keyboard, { status, now }: Pick<Seen, 'status' | 'now'>): Keyboard {
  const gone = keyboard.asked === null ? null : outdated(keyboard.asked.deed, status.rollout)
  if (gone !== null) return saying(keyboard, `${gone} Nothing was done.`, { style: 'wait', now })
  if (keyboard.asked !== null && status.rollout !== null)
    return { ...keyboard, asked: renewed(keyboard.asked, status.rollout) }
  return keyboard.said !== null && keyboard.said.until < now ? { ...keyboard, said: null } : keyboard
}

/** The question names the effect as it would be now; what was seen when the key was pressed stays. */
function renewed(asked: NonNullable<Keyboard['asked']>, rollout: Rollout): NonNullable<Keyboard['asked']> {
  const deed = deedOf(asked.key, rollout)
  if (typeof deed === 'string' || deed.operation !== asked.deed.operation) return asked
  return { ...asked, deed: { ...deed, seen: asked.deed.seen } }
}

const [escape, enter, newline, backspace, backspaceToo] = ['\u001B', '\r', '\n', '\u007F', '\b']

function answer(
  keyboard: Keyboard & { readonly asked: NonNullable<Keyboard['asked']> },
  key: string,
  seen: Seen,
): Answer {
  const { deed, why } = keyboard.asked
  const asked = (text: string): Answer => ({
    keyboard: { ...keyboard, asked: { ...keyboard.asked, why: text } },
    pressed: nothing,
  })
  const never = saying(keyboard, 'Nothing was done.', { style: 'quiet', now: seen.now })
  const isYes = deed.wantsWhy ? key === enter || key === newline : key === 'y' || key === 'Y'
  if (isYes && (!deed.wantsWhy || why.trim() !== '')) {
    const gone = outdated(deed, seen.status.rollout) ?? refusalOf(deed, seen)
    if (gone !== null)
      return {
        keyboard: saying(keyboard, `${gone} Nothing was done.`, { style: 'wait', now: seen.now }),
        pressed: nothing,
      }
    return { keyboard: { ...keyboard, asked: null }, pressed: { kind: 'do', deed, why: why.trim() } }
  }
  if (key === escape || !deed.wantsWhy) return { keyboard: never, pressed: nothing }
  if (key === backspace || key === backspaceToo) return asked(withoutLast(why))
  // Arrows and the like are sequences; they mean nothing here.
  const typed = key.startsWith(escape) ? '' : cleanText(key)
  return asked(`${why}${typed}`.slice(0, longestWhy))
}

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' })

function withoutLast(text: string): string {
  return text.slice(0, [...graphemes.segment(text)].at(-1)?.index ?? 0)
}

function refusalOf({ operation }: Deed, { silent, may, role }: Seen): string | null {
  if (silent !== null) return `Nothing was heard for ${silent}: what is shown may be old.`
  return may === null || may.includes(operation) ? null : `The role ${role} may not ${operation} a rollout.`
}

/** The lines below the view: the question, what is said, or the keys. */
export function keyLines(keyboard: Keyboard, status: ServiceStatus, paper: Paper): readonly string[] {
  const { asked, help, said } = keyboard
  if (asked !== null) return questionLines(asked, paper)
  const text =
    said === null ? [] : wrapText(cleanText(said.text), paper.width).map((line) => paper.ink(said.style, line))
  const keys = joinWithin(keysFor(status), paper.width).map((line) => paper.ink('quiet', line))
  return [...text, ...(help ? helpLines(status, paper) : []), ...keys]
}

function questionLines({ deed, why }: NonNullable<Keyboard['asked']>, paper: Paper): readonly string[] {
  const question = wrapText(cleanText(`${deed.name}? ${deed.effect}`), paper.width)
  const reply = deed.wantsWhy ? `Reason (the journal keeps it): ${why}▏` : 'y yes · any other key: no'
  const hint = deed.wantsWhy ? ['Enter does it · Esc: no'] : []
  return [
    ...question.map((line) => paper.ink('strong', line)),
    ...wrapText(reply, paper.width).map((line) => paper.ink('wait', line)),
    ...hint.map((line) => paper.ink('quiet', line)),
  ]
}

function keysFor({ rollout }: ServiceStatus): readonly string[] {
  if (!isOpen(rollout)) return ['q quit', '? help']
  return [
    rollout?.phase === 'holding' ? 'h resume' : 'h hold',
    'r roll back',
    'p promote',
    ...(rollout?.gate?.people == null ? [] : ['a approve']),
    'q quit',
    '? help',
  ]
}

function helpLines(status: ServiceStatus, paper: Paper): readonly string[] {
  const keys = [
    'h holds the rollout where it is, or lets it go on',
    'r sends all traffic back to stable',
    'p goes to the next step before the evidence says so, with a reason',
    'a says yes to a gate that waits for people',
    'q leaves; the rollout goes on (Ctrl-C too)',
    'Every key asks first. The same as commands:',
  ]
  const commands = hintsFor(status).flatMap((line) => wrapText(line, paper.width - 2).map((part) => `  ${part}`))
  return [...keys.flatMap((line) => wrapText(line, paper.width)), ...commands].map((line) => paper.ink('quiet', line))
}
