import { textWidth } from './text.ts'

const plain: Readonly<Record<string, string>> = {
  '●': '*',
  '▲': '!',
  '■': '#',
  '○': 'o',
  '✓': 'v',
  '✘': 'x',
  '▶': '>',
  '▸': '>',
  '→': '>',
  '←': '<',
  '≠': '!',
  '≤': '<',
  '≥': '>',
  '×': 'x',
  '±': '~',
  '∞': '~',
  '−': '-',
  '–': '-',
  '—': '-',
  '·': '.',
  '…': '~',
  '↻': '@',
  '█': '#',
  '▉': '#',
  '▊': '#',
  '▋': '#',
  '▌': '=',
  '▍': '-',
  '▎': '-',
  '▏': '|',
  '░': ':',
  '▔': '"',
  '━': '=',
  '▁': '_',
  '┈': '.',
  '╌': '-',
  '┊': '|',
  '‘': "'",
  '’': "'",
  '“': '"',
  '”': '"',
}

/** Text for a terminal that knows only ASCII: each of our signs becomes one that is as wide, what others wrote a question mark. */
export function asciiText(text: string): string {
  return text.replaceAll(/\P{ASCII}/gu, (sign) => plain[sign] ?? '?'.repeat(textWidth(sign)))
}

/** Whether the locale says that only ASCII can be shown; without any locale most terminals can do more. */
export function isAsciiOnly(env: Readonly<Record<string, string | undefined>>): boolean {
  const locale = [env['LC_ALL'], env['LC_CTYPE'], env['LANG']].find((value) => (value ?? '') !== '')
  return locale !== undefined && !/utf-?8/i.test(locale)
}
