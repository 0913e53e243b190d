/** Writes an event as a line of JSON to stderr. */
export function logLine(event: string, fields: Readonly<Record<string, unknown>>): void {
  process.stderr.write(`${JSON.stringify({ at: Date.now(), event, ...fields })}\n`)
}
