import { readFile } from 'node:fs/promises'
import { basename, dirname, resolve } from 'node:path'
import { SerinError } from '@serin/spec'
import type { OptionSpec } from './command.ts'
import type { World } from './world.ts'

/** The file most commands take. */
export const fileOption = {
  short: 'f',
  value: 'file',
  description: 'The release file; "-" reads stdin.',
  default: 'serin.yaml',
  completes: 'files',
} as const satisfies OptionSpec

/** A release file as the API takes it. */
export interface ReleaseFile {
  readonly text: string
  /** As the person wrote it, so that an editor can jump to it. */
  readonly name: string
  readonly baseDirectory: string
}

/** Reads a release file, or throws `config.unreadable`. */
export async function readReleaseFile(file: string, { cwd, stdin }: World): Promise<ReleaseFile> {
  if (file === '-') return { text: await textOf(stdin), name: 'stdin', baseDirectory: cwd }
  const path = resolve(cwd, file)
  try {
    return { text: await readFile(path, 'utf8'), name: file, baseDirectory: dirname(path) }
  } catch (cause) {
    throw new SerinError('config.unreadable', `${basename(path)} cannot be read (${dirname(path)}).`, { cause })
  }
}

async function textOf(stdin: World['stdin']): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of stdin) text += typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true })
  return text + decoder.decode()
}
