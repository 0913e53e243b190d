import type { RoutingTable } from '@serin/core'
import { writeAtomically } from '@serin/gateway'
import { mkdir, readFile, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Addresses } from '../proxy/addresses.ts'
import type { Taken } from './admin-api.ts'
import { cluster, endpoints } from './clusters.ts'
import type { Host } from './clusters.ts'
import { discovery } from './discovery.ts'
import type { Discovery } from './discovery.ts'
import { fileNames, listenerNames, listeners } from './listeners.ts'
import { clusterOf, routeConfiguration } from './routes.ts'
import { luaScript } from './script.ts'

/** What Envoy is to know at one moment. */
export interface Wanted {
  readonly table: RoutingTable | null
  readonly hosts: readonly Host[]
}

const endpointsPrefix = 'eds-'

/** The resources of an Envoy as files: each takes the place of the one before in one step, and Envoy reads it then. */
export class XdsFiles {
  readonly #directory: string

  constructor(directory: string) {
    this.#directory = directory
  }

  /** Writes copies and clusters. A version's copies come before its cluster, which reads them. */
  async writeClusters(wanted: Wanted): Promise<void> {
    await mkdir(join(this.#directory, 'xds'), { recursive: true, mode: 0o700 })
    for (const version of versionsOf(wanted)) await this.#write(endpointsFile(version), endpointsOf(version, wanted))
    await this.#write(fileNames.clusters, this.#clusters(wanted))
  }

  /** Writes the table. */
  async writeRoutes({ table }: Wanted): Promise<void> {
    await this.#write(fileNames.routes, await routes(table))
  }

  /** Writes where Envoy listens; it reads this last, because nothing should come before there is a table. */
  async writeListeners(addresses: Addresses): Promise<void> {
    await this.#write(fileNames.listeners, discovery(listeners(addresses, this.#directory)))
  }

  /** Whether Envoy has taken clusters, and can send requests to each. */
  hasClusters(taken: Taken, wanted: Wanted): boolean {
    const versions = versionsOf(wanted)
    return (
      // Envoy does not remember the version of a file that changed nothing, such as the first one without a cluster.
      (versions.length === 0 || taken.clusters === this.#clusters(wanted).version) &&
      taken.ready.size === versions.length &&
      versions.every((version) => taken.ready.has(clusterOf(version)))
    )
  }

  /** Whether Envoy has taken everything, and the files still say it. */
  async isAsWritten(taken: Taken, wanted: Wanted, addresses: Addresses): Promise<boolean> {
    const table = await routes(wanted.table)
    const doors = discovery(listeners(addresses, this.#directory))
    if (!this.hasClusters(taken, wanted) || taken.routes !== table.version || taken.listeners !== doors.version)
      return false
    if (!listenerNames(addresses).every((name) => taken.listening.has(name))) return false
    const files = [
      [fileNames.routes, table],
      [fileNames.clusters, this.#clusters(wanted)],
      [fileNames.listeners, doors],
      ...versionsOf(wanted).map((version) => [endpointsFile(version), endpointsOf(version, wanted)] as const),
    ] as const
    for (const [name, { text }] of files) if ((await this.#read(name)) !== text) return false
    return true
  }

  /** Removes the copies of versions that are not there any more. */
  async forgetOthers(wanted: Wanted): Promise<void> {
    const kept = new Set(versionsOf(wanted).map(endpointsFile))
    for (const name of await readdir(join(this.#directory, 'xds')).catch(() => []))
      if (name.startsWith(endpointsPrefix) && !kept.has(`xds/${name}`))
        await rm(join(this.#directory, 'xds', name), { force: true })
  }

  #clusters(wanted: Wanted): Discovery {
    return discovery(
      versionsOf(wanted).map((version) => cluster(version, join(this.#directory, endpointsFile(version)))),
    )
  }

  /** Also what is there already: it may not be what Envoy has read. */
  async #write(name: string, { text }: Discovery): Promise<void> {
    await writeAtomically(join(this.#directory, name), text)
  }

  async #read(name: string): Promise<string> {
    return await readFile(join(this.#directory, name), 'utf8').catch(() => '')
  }
}

async function routes(table: RoutingTable | null): Promise<Discovery> {
  return discovery([routeConfiguration(table, await luaScript(table))])
}

function endpointsOf(version: string, { hosts }: Wanted): Discovery {
  return discovery([endpoints(version, hosts)])
}

function endpointsFile(version: string): string {
  return `xds/${endpointsPrefix}${version}.json`
}

function versionsOf({ table, hosts }: Wanted): readonly string[] {
  const known = [...(table?.arms ?? []), ...hosts].map(({ version }) => version)
  return [...new Set([...known, ...(table === null ? [] : [table.stable])])].sort()
}
