import { stripVTControlCharacters } from 'node:util'

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' })

/** Text from elsewhere made safe to print: no escape sequences and no control characters, on one line unless lines are wanted. */
export function cleanText(text: string, { keepLines = false }: { readonly keepLines?: boolean } = {}): string {
  const plain = stripVTControlCharacters(text)
  const lines = keepLines ? plain : plain.replaceAll(/\s*[\r\n\t]+\s*/g, ' ')
  // oxlint-disable-next-line no-control-regex -- taking them out is the point
  return lines.replaceAll(/[\u0000-\u0009\u000B-\u001F\u007F-\u009F\u200E\u200F\u202A-\u202E\u2066-\u2069]/g, '')
}

/** Columns a text takes in a terminal; escape sequences take none, East Asian wide characters and emoji two. */
export function textWidth(text: string): number {
  const plain = stripVTControlCharacters(text)
  // oxlint-disable-next-line no-control-regex -- plain ASCII, the common case
  if (/^[\u0020-\u007E]*$/.test(plain)) return plain.length
  let width = 0
  for (const { segment } of graphemes.segment(plain)) width += isWide(segment) ? 2 : 1
  return width
}

function isWide(grapheme: string): boolean {
  return (
    /^\p{Emoji_Presentation}/u.test(grapheme) ||
    /^[\u1100-\u115F\u2E80-\u303E\u3041-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6]/.test(
      grapheme,
    )
  )
}

/** A plain text cut to a width, with an ellipsis where something is missing. */
export function cutText(text: string, width: number): string {
  if (textWidth(text) <= width) return text
  let kept = ''
  for (const { segment } of graphemes.segment(text)) {
    if (textWidth(kept + segment) > width - 1) break
    kept += segment
  }
  return width <= 0 ? '' : `${kept}…`
}

/** Text filled up with spaces, or cut, to exactly a width. */
export function fitText(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  const cut = cutText(text, width)
  const space = ' '.repeat(Math.max(0, width - textWidth(cut)))
  return align === 'left' ? cut + space : space + cut
}

/** Plain text as lines of at most a width, broken between words; a word that is longer is broken. */
export function wrapText(text: string, width: number): readonly string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(/ +/).flatMap((whole) => pieces(whole, width))) {
    if (line !== '' && textWidth(line) + 1 + textWidth(word) > width) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return line === '' && lines.length > 0 ? lines : [...lines, line]
}

function pieces(word: string, width: number): readonly string[] {
  const all: string[] = []
  let rest = word
  while (textWidth(rest) > width) {
    const head = rest.slice(0, Math.max(1, width))
    all.push(head)
    rest = rest.slice(head.length)
  }
  return [...all, rest]
}

/** As many parts on a line as fit, with dots between; none is broken. */
export function joinWithin(parts: readonly string[], width: number): readonly string[] {
  const lines: string[] = []
  for (const part of parts) {
    const longer = `${lines.at(-1) ?? ''} · ${part}`
    if (lines.length > 0 && textWidth(longer) <= width) lines[lines.length - 1] = longer
    else lines.push(part)
  }
  return lines
}

/** A line that may be styled, cut to a width; the style ends with it. */
export function clipLine(line: string, width: number): string {
  if (textWidth(line) <= width) return line
  let [kept, used] = ['', 0]
  // oxlint-disable-next-line no-control-regex -- the escape sequences of our own styles
  for (const token of line.match(/\u001B\[[0-9;]*m|[^\u001B]/gu) ?? []) {
    if (token.startsWith('\u001B')) kept += token
    else if (used + textWidth(token) <= width - 1) {
      kept += token
      used += textWidth(token)
    } else break
  }
  return `${kept}…${line.includes('\u001B') ? '\u001B[0m' : ''}`
}
