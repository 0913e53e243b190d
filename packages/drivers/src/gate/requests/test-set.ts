import { RecordedRequest } from '@serin/spec'
import { readFile, stat } from 'node:fs/promises'

const largestBytes = 32 * 1_048_576

/** A request of a test set and the line it is written in. */
export interface TestRequest {
  readonly line: number
  readonly request: RecordedRequest
}

/** Reads a test set whole before anything is sent. A `problem` is one sentence that names the file and the line. */
export async function readTestSet(
  path: string,
  name: string,
): Promise<readonly TestRequest[] | { readonly problem: string }> {
  let text: string
  try {
    if ((await stat(path)).size > largestBytes) return { problem: `${name} is larger than 32 MiB.` }
    text = await readFile(path, 'utf8')
  } catch (error) {
    return { problem: `${name} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'}).` }
  }
  const requests: TestRequest[] = []
  for (const [i, written] of text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .entries()) {
    if (written.trim() === '') continue
    const parsed = parseLine(written)
    if ('problem' in parsed) return { problem: `${name}:${i + 1}: ${parsed.problem}.` }
    requests.push({ line: i + 1, request: parsed })
  }
  return requests.length === 0 ? { problem: `${name} has no requests.` } : requests
}

function parseLine(line: string): RecordedRequest | { readonly problem: string } {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return { problem: 'this line is not JSON' }
  }
  const parsed = RecordedRequest.safeParse(value)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  const where = issue === undefined || issue.path.length === 0 ? '' : `"${issue.path.join('.')}": `
  return { problem: `${where}${issue?.message ?? 'not a recorded request'}` }
}
