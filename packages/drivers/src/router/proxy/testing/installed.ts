import { spawnSync } from 'node:child_process'
import type { World } from '../../testing/world.ts'
import type { ProxyRouter } from '../driven.ts'

/** A world over which proxies are opened. */
export type ProxyWorld = World<ProxyRouter>

/** Why tests of a proxy are skipped, or false when there is one. */
export function missing(product: string, debianPackage: string): string | false {
  const found = [product, `/usr/sbin/${product}`].some((path) => spawnSync(path, ['-v']).error === undefined)
  return found ? false : `${product} is not installed (Debian: ${debianPackage})`
}
