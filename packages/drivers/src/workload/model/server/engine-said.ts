/** The engine's words in one line, without what only its authors need: codes, source files, signatures. */
export function engineSaid(raw: string): string {
  const text = raw
    .replace(/^.*?ERROR_MESSAGE: /s, '')
    .replace(/^Load model from \S+ failed:\s*/, '')
    .replace(/^(?:Exception during initialization: )?\/\S+:\d+ (?:.*\)(?: const)? )?/s, '')
    .replaceAll(/\s+/g, ' ')
    .trim()
  return `${(text === '' ? raw : text).slice(0, 300).replace(/[.\s]+$/, '')}.`
}
