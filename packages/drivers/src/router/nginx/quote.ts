/** Stands within our names where they are somebody else's word, until `named` takes it out. */
const foreign = '\u0001'

/**
 * A configuration as nginx gets it. Our own names, which all begin with `serin_`, become those of one service when there is a tag, so that several of
 * them fit into one nginx; words of others stay what they are.
 */
export function named(text: string, tag: string | null): string {
  const own = tag === null ? text : text.replaceAll(/\bserin_/g, `serin_${tag}_`)
  return own.replaceAll(foreign, '')
}

/** A text as one word of an nginx configuration where no variables are read, such as a path: whatever it holds, it stays one word. */
export function word(text: string): string {
  return `"${escaped(text)}"`
}

/** A text as one word where variables are read: a `$` in it stays a `$`. `serinDollar` has to be defined beside it. */
export function value(text: string): string {
  return `"${escaped(text).replaceAll('$', () => '${serin_dollar}')}"`
}

/** nginx has no way to write a `$` where variables are read; this variable holds one. */
export const serinDollar = 'geo $serin_dollar { default "$"; }'

/** A pattern that fits exactly these bytes: what is neither letter nor digit is written as its code, so that it can end neither pattern nor word. */
export function pattern(text: string): string {
  return bytesOf(text).map(plain).join('')
}

/** The same for a part of a query, in which every byte may be percent-encoded and a space a `+`. */
export function queryPattern(text: string): string {
  return bytesOf(text)
    .map((byte) => {
      const encoded = `%${hexOf(byte).replaceAll(/[a-f]/g, (digit) => `[${digit}${digit.toUpperCase()}]`)}`
      if (byte === 0x20) return `(?:\\x2b|\\x20|${encoded})`
      // Sent as they are, these mean something else in a query.
      return ['+', '%', '&', '#'].includes(String.fromCharCode(byte)) ? encoded : `(?:${plain(byte)}|${encoded})`
    })
    .join('')
}

function escaped(text: string): string {
  return text
    .replaceAll(/["\\]/g, (sign) => `\\${sign}`)
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r')
    .replaceAll('\t', '\\t')
    .replaceAll('serin_', `serin${foreign}_`)
}

function bytesOf(text: string): number[] {
  return [...new TextEncoder().encode(text)]
}

function plain(byte: number): string {
  const sign = String.fromCharCode(byte)
  return /[A-Za-z0-9]/.test(sign) ? sign : `\\x${hexOf(byte)}`
}

function hexOf(byte: number): string {
  return byte.toString(16).padStart(2, '0')
}
