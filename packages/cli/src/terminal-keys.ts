import { readFileSync } from 'node:fs'
import type { ReadStream } from 'node:tty'
import type { Keys } from './world.ts'

const [ctrlC, ctrlBackslash, ctrlZ] = ['\u0003', '\u001C', '\u001A']

/** The keys of a terminal; null when the input is none. */
export function keysOf(stdin: ReadStream): Keys | null {
  if (!stdin.isTTY) return null
  return {
    listen(listener) {
      // Whoever changes the terminal from the background is stopped by it.
      if (isInBackground()) return () => undefined
      const heard = (text: string) => {
        for (const key of keysIn(text)) {
          if (key === ctrlC) process.kill(process.pid, 'SIGINT')
          else if (key === ctrlBackslash) process.kill(process.pid, 'SIGTERM')
          else if (key === ctrlZ) suspend(stdin, listener)
          else listener(key)
        }
      }
      stdin.setEncoding('utf8').setRawMode(true).on('data', heard).resume()
      return () => void stdin.off('data', heard).setRawMode(false).pause()
    },
  }
}

/** What was typed as single keys: arrows and the like are one, and so is what belongs to a letter. */
export function keysIn(text: string): readonly string[] {
  // oxlint-disable-next-line no-control-regex -- the sequences of a keyboard
  return text.match(/\u001B(?:\[[0-9;]*[ -/]*[@-~]|O.)|\P{M}\p{M}*/gsu) ?? []
}

function suspend(stdin: ReadStream, listener: (key: string) => void): void {
  listener('suspend')
  stdin.setRawMode(false)
  process.once('SIGCONT', () => {
    if (!isInBackground()) stdin.setRawMode(true)
    listener('continue')
  })
  process.kill(process.pid, 'SIGTSTP')
}

/** Whether the terminal listens to another process now. Only Linux says so. */
function isInBackground(): boolean {
  if (process.platform !== 'linux') return false
  try {
    const stat = readFileSync('/proc/self/stat', 'utf8')
    const [, , group, , , terminals] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return group !== terminals
  } catch {
    return false
  }
}
