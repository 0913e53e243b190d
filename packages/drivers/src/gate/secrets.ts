import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'

const largestBytes = 65_536
/** Shorter lines of a longer secret are not hidden by themselves: too much else looks like them. */
const shortestLine = 4

/** Values as they are used, and what keeps them out of sentences. */
export interface Looked {
  readonly values: Readonly<Record<string, string>>
  readonly hide: (text: string) => string
  /** Length of the longest secret: a text cut at its start may begin with less than that of one. */
  readonly longest: number
}

/** Looks up `env:NAME` and `file:PATH` now; a text says in one sentence what is not there, without any value. */
export async function lookUp(
  given: Readonly<Record<string, string>>,
  baseDirectory: string,
): Promise<Looked | { readonly problem: string }> {
  const values: Record<string, string> = {}
  const secrets = new Set<string>()
  for (const [name, value] of Object.entries(given)) {
    const found = await resolveValue(value, baseDirectory)
    if (found === null) {
      values[name] = value
      continue
    }
    if ('problem' in found) return { problem: `"${name}" has no value: ${found.problem}.` }
    values[name] = found.text
    for (const secret of [found.text, ...found.text.split('\n').filter((line) => line.length >= shortestLine)])
      if (secret.trim() !== '') secrets.add(secret)
  }
  const all = [...secrets].sort((a, b) => b.length - a.length)
  const hide = (text: string): string => all.reduce((hidden, secret) => hidden.replaceAll(secret, '•••'), text)
  return { values, hide, longest: all[0]?.length ?? 0 }
}

async function resolveValue(
  value: string,
  baseDirectory: string,
): Promise<{ readonly text: string } | { readonly problem: string } | null> {
  if (value.startsWith('env:')) {
    const text = process.env[value.slice(4)]
    return text === undefined ? { problem: `the environment variable ${value.slice(4)} is not set` } : { text }
  }
  if (!value.startsWith('file:')) return null
  const path = resolve(baseDirectory, value.slice(5))
  try {
    const bytes = await readFile(path)
    if (bytes.length > largestBytes) return { problem: `${path} is larger than ${largestBytes} bytes` }
    return { text: bytes.toString('utf8').replace(/\r?\n$/, '') }
  } catch (error) {
    return { problem: `${path} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})` }
  }
}
