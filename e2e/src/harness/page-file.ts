import assert from 'node:assert/strict'

/** The file that a page of the docs shows: the block whose first line names it. */
export function pageFile(page: string, name: string): string {
  const block = page.match(/```\w+\n(?:\/\/|#) ([\w.]+)\n[^]*?```/g)?.find((text) => text.includes(` ${name}\n`))
  assert.ok(block !== undefined, `the page has a file ${name}`)
  return block.replace(/^```\w+\n/, '').replace(/```$/, '')
}
