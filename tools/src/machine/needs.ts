/** A program that tests run for real, and the Debian package it comes from. */
export interface Need {
  readonly command: string
  readonly debianPackage: string
  /** Which test wants it, and what is not proved without it. */
  readonly why: string
}

/** What a machine needs so that no test is skipped. */
export const needs: readonly Need[] = [
  {
    command: 'nginx',
    debianPackage: 'nginx-light',
    why: 'packages/drivers/src/router/nginx and e2e/src/nginx.test.ts release behind it, e2e/src/zero-loss.test.ts switches it, e2e/src/nginx-hash.test.ts asks it which version each of 4000 units gets; without it nothing of that is proved',
  },
  {
    command: 'chromium',
    debianPackage: 'chromium',
    why: 'e2e/src/dashboard/journeys.test.ts walks through the dashboard in a real browser; without it no page is proved to be usable',
  },
]
