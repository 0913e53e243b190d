/** What differs between two plain values, as `path: before → after`, at most ten. The order of fields is no difference. */
export function differences(before: unknown, after: unknown, path = ''): readonly string[] {
  if (JSON.stringify(before) === JSON.stringify(after)) return []
  if (!isRecord(before) || !isRecord(after)) return [`${path || 'value'}: ${brief(before)} → ${brief(after)}`]
  return [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .flatMap((key) => differences(before[key], after[key], path === '' ? key : `${path}.${key}`))
    .slice(0, 10)
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}

function brief(value: unknown): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value)
  return text.length > 60 ? `${text.slice(0, 57)}…` : text
}
