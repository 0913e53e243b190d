/** Words after which a `/` begins a regular expression, not a division. */
const beforeExpression =
  /(?:^|[^\w$.])(?:return|typeof|case|in|of|delete|void|throw|new|instanceof|else|do|await|yield)$/

/**
 * The source with every comment and the content of every text and regular expression blanked, character for character: what is left is code, at
 * its old place. `keepComments` leaves comments as they are.
 */
export function mask(source: string, { keepComments = false } = {}): string {
  const out: string[] = []
  /** Depth of braces inside each template placeholder that is open. */
  const placeholders: number[] = []
  let at = 0
  const blank = (end: number) => {
    while (at < end) {
      out.push(source[at] === '\n' ? '\n' : ' ')
      at += 1
    }
  }
  const keep = (end: number) => {
    out.push(source.slice(at, end))
    at = end
  }
  const quoted = (end: number) => {
    keep(at + 1)
    blank(end - 1)
    keep(end)
  }
  const template = () => {
    // From behind a backtick or a placeholder's end to the next placeholder or the closing backtick.
    const end = endOfTemplatePart(source, at)
    blank(end)
    if (source[at] === '`') keep(at + 1)
    else {
      keep(at + 2)
      placeholders.push(0)
    }
  }
  while (at < source.length) {
    const two = source.slice(at, at + 2)
    const one = source[at] ?? ''
    if (two === '//' || two === '/*') {
      const end = endOfComment(source, at, two)
      if (keepComments) keep(end)
      else blank(end)
    } else if (one === "'" || one === '"') quoted(endOfText(source, at, one))
    else if (one === '`') {
      keep(at + 1)
      template()
    } else if (one === '/' && beginsExpression(out)) quoted(endOfExpression(source, at))
    else if (one === '{' && placeholders.length > 0) {
      placeholders.push((placeholders.pop() ?? 0) + 1)
      keep(at + 1)
    } else if (one === '}' && placeholders.length > 0) {
      const depth = placeholders.pop() ?? 0
      keep(at + 1)
      if (depth === 0) template()
      else placeholders.push(depth - 1)
    } else keep(at + 1)
  }
  return out.join('')
}

function endOfComment(source: string, start: number, opening: string): number {
  const end = opening === '//' ? source.indexOf('\n', start) : source.indexOf('*/', start + 2) + 2
  return end < (opening === '//' ? 0 : 2) ? source.length : end
}

function endOfText(source: string, start: number, quote: string): number {
  let at = start + 1
  while (at < source.length && source[at] !== quote && source[at] !== '\n') at += source[at] === '\\' ? 2 : 1
  return Math.min(source.length, at + 1)
}

function endOfTemplatePart(source: string, start: number): number {
  let at = start
  while (at < source.length && source[at] !== '`' && !source.startsWith('${', at)) at += source[at] === '\\' ? 2 : 1
  return Math.min(source.length, at)
}

function endOfExpression(source: string, start: number): number {
  let at = start + 1
  let inClass = false
  while (at < source.length && source[at] !== '\n' && (inClass || source[at] !== '/')) {
    if (source[at] === '[') inClass = true
    else if (source[at] === ']') inClass = false
    at += source[at] === '\\' ? 2 : 1
  }
  return Math.min(source.length, at + 1)
}

function beginsExpression(before: readonly string[]): boolean {
  let tail = ''
  for (let i = before.length - 1; i >= 0 && tail.trimEnd().length < 12; i -= 1) tail = `${before[i] ?? ''}${tail}`
  const code = tail.trimEnd()
  return code === '' || /[(,=:[!&|?{};+\-*%<>~^}]$/.test(code) || beforeExpression.test(code)
}
