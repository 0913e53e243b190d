import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, type BrowserContext, type Page } from 'playwright-core'

const program = '/usr/bin/chromium'
const quiet = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** Why journeys in a browser are skipped; false where Chromium is installed. */
export const noBrowser = existsSync(program)
  ? false
  : `There is no ${program} (apt-get install chromium): the dashboard is not proved in a browser.`

/** What a person has in front of them. */
export interface BrowserOptions {
  readonly width?: number
  readonly height?: number
  readonly theme?: 'light' | 'dark'
  readonly language?: 'en-GB' | 'zh-CN'
}

/** A browser with nothing in it but one page; gone at the end, with everything it kept. */
export interface Browser extends AsyncDisposable {
  readonly page: Page
  readonly context: BrowserContext
  /** Every address it asked anybody for. */
  readonly asked: readonly string[]
  /** What pages complained about: errors, refusals of the policy. */
  readonly complaints: readonly string[]
}

/** Opens a browser of its own, with a directory of its own. */
export async function openBrowser(options: BrowserOptions = {}): Promise<Browser> {
  const { width = 1280, height = 800, theme = 'light', language = 'en-GB' } = options
  const directory = mkdtempSync(join(tmpdir(), 'serin-browser-'))
  const [asked, complaints]: [string[], string[]] = [[], []]
  const context = await chromium.launchPersistentContext(directory, {
    executablePath: program,
    headless: true,
    args: quiet,
    viewport: { width, height },
    colorScheme: theme,
    locale: language,
  })
  const page = context.pages()[0] ?? (await context.newPage())
  page.setDefaultTimeout(60_000)
  page.on('request', (request) => asked.push(request.url()))
  page.on('pageerror', (error) => complaints.push(String(error.stack)))
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text())
  })
  return {
    page,
    context,
    asked,
    complaints,
    async [Symbol.asyncDispose]() {
      await context.close()
      rmSync(directory, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}
