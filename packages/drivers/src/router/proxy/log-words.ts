/** A word of a log as it was meant: behind a sign that says that there is one, and escaped. What cannot be unescaped stays as it is. */
export function meantBy(word: string): string {
  const text = word.slice(1)
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** A line of JSON as a record; what is none is an empty one. */
export function recordIn(line: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch {
    return {}
  }
}
