/** A fenced block. */
export interface Block {
  /** What stands after the fence, such as `ts` or `yaml`. */
  readonly language: string
  readonly text: string
  /** Of its opening fence, from 1. */
  readonly line: number
  /** The heading it stands under. */
  readonly under: string
}

/** What checks need of a page. */
export interface Page {
  readonly headings: readonly { readonly level: number; readonly text: string; readonly line: number }[]
  readonly blocks: readonly Block[]
  readonly links: readonly { readonly target: string; readonly line: number }[]
  readonly codes: readonly { readonly text: string; readonly line: number }[]
}

/** Reads a page: fences first, then what is outside them. */
export function readMarkdown(text: string): Page {
  const page: {
    headings: Page['headings'][number][]
    blocks: Block[]
    links: Page['links'][number][]
    codes: Page['codes'][number][]
  } = {
    headings: [],
    blocks: [],
    links: [],
    codes: [],
  }
  let open: {
    readonly fence: string
    readonly language: string
    readonly line: number
    readonly body: string[]
  } | null = null
  for (const [index, line] of text.split('\n').entries()) {
    const fence = /^\s*(`{3,}|~{3,})\s*(.*)$/.exec(line)
    if (open !== null) {
      if (fence?.[1]?.startsWith(open.fence) === true && fence[2] === '') {
        const { language, line: start, body } = open
        page.blocks.push({ language, text: body.join('\n'), line: start, under: page.headings.at(-1)?.text ?? '' })
        open = null
      } else open.body.push(line)
    } else if (fence !== null)
      open = { fence: fence[1] ?? '', language: (fence[2] ?? '').trim(), line: index + 1, body: [] }
    else readLine(page, line, index + 1)
  }
  return page
}

/** The anchor GitHub gives a heading. */
export function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replaceAll(/\s/g, '-')
}

function readLine(
  page: { headings: Page['headings'][number][]; links: Page['links'][number][]; codes: Page['codes'][number][] },
  line: string,
  number: number,
): void {
  const heading = /^(#{1,6})\s+(.*?)\s*$/.exec(line)
  if (heading !== null) page.headings.push({ level: heading[1]?.length ?? 1, text: heading[2] ?? '', line: number })
  const bare = line.replaceAll(/`+[^`]*`+/g, (code) => {
    page.codes.push({ text: code.replaceAll('`', '').trim(), line: number })
    return ' '.repeat(code.length)
  })
  for (const [, target] of bare.matchAll(/\]\(([^()\s]+)(?:\s+"[^"]*")?\)/g))
    page.links.push({ target: target ?? '', line: number })
  for (const [, target] of bare.matchAll(/<img[^>]*\ssrc="([^"]+)"/g))
    page.links.push({ target: target ?? '', line: number })
}
