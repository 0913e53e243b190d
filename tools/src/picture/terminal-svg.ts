/** A run of characters in one style. */
interface Run {
  readonly text: string
  readonly colour: string
  readonly bold: boolean
}

const size = { character: 8.43, line: 18, font: 14, edge: 20, bar: 34 }
const paper = '#12161c'
const ink = '#d7dce2'
const colours: Readonly<Record<string, string>> = {
  '31': '#ff6b5e',
  '32': '#7fcf72',
  '33': '#e6b450',
  '38;5;244': '#aeb6c0',
  '38;5;64': '#a5c644',
}
const quiet = '#7a8490'

/** Lines of a terminal, with the colours the command line uses, as a picture. */
export function terminalSvg(lines: readonly string[], title: string): string {
  const columns = Math.max(
    ...lines.map((line) => runsOf(line).reduce((sum, { text }) => sum + Array.from(text).length, 0)),
  )
  const width = Math.ceil(columns * size.character + 2 * size.edge)
  const height = lines.length * size.line + size.bar + size.edge
  const rows = lines.map((line, i) => rowOf(runsOf(line), size.bar + (i + 1) * size.line - 5))
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(title)}">
<rect width="${width}" height="${height}" rx="8" fill="${paper}"/>
<g fill="#39414b"><circle cx="20" cy="17" r="5"/><circle cx="38" cy="17" r="5"/><circle cx="56" cy="17" r="5"/></g>
<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="${size.font}" fill="${ink}">
${rows.filter((row) => row !== '').join('\n')}
</g>
</svg>
`
}

function rowOf(runs: readonly Run[], y: number): string {
  let column = 0
  const spans = runs.map(({ text, colour, bold }) => {
    const x = size.edge + column * size.character
    const length = Array.from(text).length
    column += length
    if (text.trim() === '') return ''
    const style = `${colour === ink ? '' : ` fill="${colour}"`}${bold ? ' font-weight="bold"' : ''}`
    // The width is given, so that columns stand below each other in any font.
    const fit = `textLength="${(length * size.character).toFixed(1)}" lengthAdjust="spacingAndGlyphs"`
    return `<text x="${x.toFixed(1)}" y="${y}" xml:space="preserve" ${fit}${style}>${escaped(text)}</text>`
  })
  return spans.join('')
}

function runsOf(line: string): readonly Run[] {
  const runs: Run[] = []
  let [colour, bold] = [ink, false]
  for (const [i, part] of line.split('\u001B[').entries()) {
    const end = i === 0 ? -1 : part.indexOf('m')
    if (i > 0) {
      const codes = part.slice(0, end)
      if (codes === '' || codes === '0') [colour, bold] = [ink, false]
      else if (colours[codes] !== undefined) colour = colours[codes]
      else
        for (const code of codes.split(';')) {
          if (code === '0') [colour, bold] = [ink, false]
          else if (code === '1') bold = true
          else if (code === '2') colour = quiet
          else if (code === '39') colour = ink
          else colour = colours[code] ?? colour
        }
    }
    const text = part.slice(end + 1)
    if (text !== '') runs.push({ text, colour, bold })
  }
  return runs
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}
