import { cleanText } from '../view/text.ts'

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Text of other people inside HTML: it stays text. */
export function escapeHtml(text: string): string {
  return cleanText(text).replaceAll(/[&<>"']/g, (sign) => entities[sign] ?? '')
}

/** Text of other people inside a Markdown table: it opens no cell, no link, no tag and no mention. */
export function escapeMarkdown(text: string): string {
  return cleanText(text)
    .replaceAll(/[\\`*_[\]|~#]/g, String.raw`\$&`)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('@', '&#64;')
}
