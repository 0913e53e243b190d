/** Something a check does not accept, at a place an editor can jump to. */
export interface Finding {
  readonly file: string
  /** From 1. */
  readonly line: number
  readonly message: string
}

/** `file:line: message`, one per line. */
export function formatFindings(findings: readonly Finding[]): string {
  return findings.map(({ file, line, message }) => `${file}:${line}: ${message}`).join('\n')
}
