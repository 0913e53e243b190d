import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const main = fileURLToPath(new URL('../main.ts', import.meta.url))
const quoted = (word: string) => `'${word.replaceAll("'", String.raw`'\''`)}'`

/** What runs in a terminal. */
interface Opened {
  readonly cwd: string
  /** A line for the shell; `serin` in front is the command line of this clone. */
  readonly line: string
  readonly columns?: number
  readonly rows?: number
  readonly env?: Readonly<Record<string, string>>
  /** Options of node, for what a user cannot do: make the process throw. */
  readonly node?: readonly string[]
}

/** A real terminal (tmux), with a program in it; when the program ends its exit code is shown. */
export class Terminal {
  readonly #directory: string

  static async open(opened: Opened): Promise<Terminal> {
    const { cwd, line, columns = 100, rows = 40, env = {}, node = [] } = opened
    const terminal = new Terminal(mkdtempSync(join(tmpdir(), 'serin-tty-')))
    const settings = { LANG: 'C.UTF-8', LC_ALL: 'C.UTF-8', ...env }
    const exported = Object.entries(settings).map(([name, value]) => `export ${name}=${quoted(value)};`)
    const serin = [process.execPath, ...node, main].map(quoted).join(' ')
    const script = `unset CI NO_COLOR FORCE_COLOR; ${exported.join(' ')} serin() { ${serin} "$@"; }; trap : INT; echo before; ${line}; echo "exit: $?"; exec sleep 600`
    await terminal.#tmux(
      '-f',
      '/dev/null',
      'new-session',
      '-d',
      '-x',
      String(columns),
      '-y',
      String(rows),
      '-c',
      cwd,
      'sh',
    )
    await terminal.#tmux('pipe-pane', `cat > ${quoted(terminal.#rawFile)}`)
    await terminal.#tmux('respawn-pane', '-k', '-c', cwd, 'sh', '-c', script)
    return terminal
  }

  private constructor(directory: string) {
    this.#directory = directory
  }

  /** What is to be seen, without the empty lines below. */
  async screen(): Promise<string> {
    return (await this.#tmux('capture-pane', '-p')).trimEnd()
  }

  /** The same with what has gone off at the top. */
  async scrollback(): Promise<string> {
    return (await this.#tmux('capture-pane', '-p', '-S', '-')).trimEnd()
  }

  /** Waits until the screen fits. */
  async until(fits: RegExp | ((screen: string) => boolean)): Promise<string> {
    const deadline = Date.now() + 60_000
    for (;;) {
      const screen = await this.screen()
      if (typeof fits === 'function' ? fits(screen) : fits.test(screen)) return screen
      if (Date.now() > deadline) throw new Error(`The terminal still shows, instead of ${String(fits)}:\n${screen}`)
      await sleep(100)
    }
  }

  /** Presses keys one after another: letters, or names such as `Enter`, `Escape`, `C-c`. */
  async press(...keys: readonly string[]): Promise<void> {
    for (const key of keys) await this.#tmux('send-keys', key)
  }

  /** Types a text. */
  async type(text: string): Promise<void> {
    await this.#tmux('send-keys', '-l', '--', text)
  }

  async resize(columns: number, rows: number): Promise<void> {
    await this.#tmux('resize-window', '-x', String(columns), '-y', String(rows))
  }

  /** Whether the cursor can be seen, and whether typing is shown again. */
  async isGivenBack(): Promise<{ readonly cursor: boolean; readonly echo: boolean }> {
    const [cursor, tty = ''] = (await this.#tmux('display-message', '-p', '#{cursor_flag} #{pane_tty}'))
      .trim()
      .split(' ')
    const { stdout } = await run('stty', ['-F', tty, '-a'])
    return { cursor: cursor === '1', echo: / icanon/.test(stdout) && / echo /.test(stdout) }
  }

  /** The process ids of what runs in it. */
  async processes(): Promise<readonly number[]> {
    const tty = (await this.#tmux('display-message', '-p', '#{pane_tty}')).trim().replace('/dev/', '')
    const { stdout } = await run('ps', ['-t', tty, '-o', 'pid=,args='])
    return stdout
      .split('\n')
      .filter((each) => each.includes(main) && !each.includes(' sh '))
      .map((each) => Number.parseInt(each, 10))
  }

  /** Everything that was written to it, as it was written. */
  raw(): string {
    return readFileSync(this.#rawFile, 'utf8')
  }

  async close(): Promise<void> {
    await this.#tmux('kill-server').catch(() => undefined)
    rmSync(this.#directory, { recursive: true, force: true })
  }

  get #rawFile(): string {
    return join(this.#directory, 'raw')
  }

  async #tmux(...words: readonly string[]): Promise<string> {
    const { stdout } = await run('tmux', ['-u', '-S', join(this.#directory, 'socket'), ...words])
    return stdout
  }
}
