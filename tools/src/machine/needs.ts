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
    why: 'packages/drivers/src/router/nginx and e2e/src/proxies.test.ts release behind it, e2e/src/zero-loss.test.ts switches it, e2e/src/nginx-hash.test.ts asks it which version each of 4000 units gets, `serin bench gateway` divides by it; without it nothing of that is proved',
  },
  {
    command: 'haproxy',
    debianPackage: 'haproxy',
    why: 'packages/drivers/src/router/haproxy and e2e/src/proxies.test.ts release behind it, e2e/src/zero-loss.test.ts switches it, packages/bench/src/gateway drives it beside the gateway; without it nothing of that is proved',
  },
  {
    command: 'h2load',
    debianPackage: 'nghttp2-client',
    why: '`serin bench gateway-shapes` drives the gateway and nginx over HTTP/2 with it; without it that part of packages/bench/src/gateway/shapes is left out, and its run says so',
  },
  {
    command: 'luajit',
    debianPackage: 'luajit',
    why: 'packages/drivers/src/router/envoy runs in it the script that Envoy would run, for 10,000 users and for odd requests; without it nothing says that the script decides as the gateway does',
  },
  {
    command: 'tmux',
    debianPackage: 'tmux',
    why: 'packages/cli/src/commands/watch.test.ts presses the keys of the live view and packages/cli/src/completion the tab key in a real terminal; without it nobody knows whether the terminal is given back',
  },
  {
    command: 'zsh',
    debianPackage: 'zsh',
    why: 'packages/cli/src/completion completes in it; without it nothing says that zsh takes the script',
  },
  {
    command: 'fish',
    debianPackage: 'fish',
    why: 'packages/cli/src/completion completes in it; without it nothing says that fish takes the script',
  },
  {
    command: 'chromium',
    debianPackage: 'chromium',
    why: 'e2e/src/dashboard/journeys.test.ts walks through the dashboard in a real browser; without it no page is proved to be usable',
  },
]
