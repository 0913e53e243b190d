import { existsSync } from 'node:fs'
import { chromium, type Browser as Program, type BrowserContext, type Page } from 'playwright-core'

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

/** A browser with nothing in it but one page. */
export interface Browser extends AsyncDisposable {
  readonly page: Page
  readonly context: BrowserContext
  /** Every address it asked anybody for. */
  readonly asked: readonly string[]
  /** What pages complained about: errors, refusals of the policy. */
  readonly complaints: readonly string[]
  /** That of another person: it knows nothing of this one. */
  another(options?: BrowserOptions): Promise<Browser>
}

/** Opens a browser of its own; gone at the end, with everything it kept and with every other that came of it. */
export async function openBrowser(options: BrowserOptions = {}): Promise<Browser> {
  const running = await chromium.launch({ executablePath: program, headless: true, args: quiet })
  try {
    return await personIn(running, options, async () => await running.close())
  } catch (error) {
    await running.close()
    throw error
  }
}

async function personIn(running: Program, options: BrowserOptions, close: () => Promise<void>): Promise<Browser> {
  const { width = 1280, height = 800, theme = 'light', language = 'en-GB' } = options
  const [asked, complaints]: [string[], string[]] = [[], []]
  const context = await running.newContext({ viewport: { width, height }, colorScheme: theme, locale: language })
  const page = await context.newPage()
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
    another: async (more = {}) => await personIn(running, more, async () => undefined),
    async [Symbol.asyncDispose]() {
      await context.close()
      await close()
    },
  }
}
