const eighths = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'] as const

/** A bar of a width in columns, filled to a ratio; what is not filled is dotted, so it reads without colour. */
export function bar(ratio: number, width: number): { readonly filled: string; readonly rest: string } {
  const cells = Math.round(Math.min(1, Math.max(0, ratio)) * width * 8) / 8
  const whole = Math.floor(cells)
  const filled = '█'.repeat(whole) + (eighths[Math.round((cells - whole) * 8)] ?? '')
  return { filled, rest: '·'.repeat(Math.max(0, width - filled.length)) }
}
