/** What a piece of text is; the only colours there are. Red is for harm and appears nowhere else. */
export type Style = 'strong' | 'quiet' | 'stable' | 'canary' | 'safe' | 'wait' | 'harm'

/** What lines are drawn on. */
export interface Paper {
  /** Columns. */
  readonly width: number
  /** Rows, or null when there is no limit. */
  readonly height: number | null
  /** Whether long cells of tables are cut to the width (terminals) or stay whole (files, pipes). */
  readonly cuts: boolean
  /** Text in a style; without colour the text itself, so nothing may be told by style alone. */
  ink(style: Style, text: string): string
}

// The two versions have colours of their own, at least 3.9 to 1 on black and on white; the others are those a person chose for the terminal.
const codes: Readonly<Record<Style, string>> = {
  strong: '1',
  quiet: '2',
  stable: '38;5;244',
  canary: '38;5;64',
  safe: '32',
  wait: '33',
  harm: '1;31',
}

/** Paper of a size. */
export function createPaper({
  width,
  height = null,
  colour = false,
  cuts = true,
}: {
  readonly width: number
  readonly height?: number | null
  readonly colour?: boolean
  readonly cuts?: boolean
}): Paper {
  return {
    width: Math.max(20, width),
    height,
    cuts,
    ink: (style, text) => (colour && text !== '' ? `\u001B[${codes[style]}m${text}\u001B[0m` : text),
  }
}
