import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'

/** A text message and what a person said about it. */
export interface LabelledMessage {
  readonly spam: boolean
  readonly text: string
}

/** The collection in two halves that have no message in common. */
export interface Messages {
  /** What models are trained on. */
  readonly training: readonly LabelledMessage[]
  /** What no model has seen: the traffic, and the measure of every model. */
  readonly heldOut: readonly LabelledMessage[]
}

/** Reads the SMS Spam Collection that lies next to this example. */
export function readMessages(): Messages {
  return splitMessages(parseMessages(readFileSync(new URL('../../data/sms-spam.tsv', import.meta.url), 'utf8')))
}

/** One message per line: `ham` or `spam`, a tab, the text. Throws at the first line that is neither. */
export function parseMessages(table: string): readonly LabelledMessage[] {
  return table
    .split('\n')
    .filter((line) => line !== '')
    .map((line, i) => {
      const tab = line.indexOf('\t')
      const label = line.slice(0, tab)
      if (label !== 'ham' && label !== 'spam') throw new Error(`line ${i + 1} begins with neither ham nor spam`)
      return { spam: label === 'spam', text: line.slice(tab + 1) }
    })
}

/**
 * Splits by a hash of the message’s skeleton, about half and half. Copies of a message, and spam that differs only in its numbers or
 * punctuation, fall on the same side: otherwise a model would be praised for what it knows by heart.
 */
export function splitMessages(messages: readonly LabelledMessage[]): Messages {
  const training: LabelledMessage[] = []
  const heldOut: LabelledMessage[] = []
  for (const message of messages) {
    const hash = createHash('sha256')
      .update(`s1/${skeleton(message.text)}`)
      .digest()
    ;((hash[0] ?? 0) < 128 ? training : heldOut).push(message)
  }
  return { training, heldOut }
}

function skeleton(text: string): string {
  return text
    .toLowerCase()
    .replaceAll(/[0-9]/g, '0')
    .replaceAll(/[^a-z0]+/g, ' ')
    .trim()
}
