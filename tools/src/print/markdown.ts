/** The note under the title of a printed page: where its words come from, so that nobody edits the copy. */
export function printedFrom(source: string): string {
  return `<!-- Printed from ${source} by \`npm run tidy -- --write\`: change it there. -->`
}

/** A table; bars in cells are escaped. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(cell).join(' | ')} |`
  return [line(head), `|${' --- |'.repeat(head.length)}`, ...rows.map(line)].join('\n')
}

/** Parts of a page, one blank line apart, with the last line's end. */
export function page(parts: readonly string[]): string {
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ')
}
