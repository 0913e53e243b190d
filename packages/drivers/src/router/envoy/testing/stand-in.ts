/**
 * Stands in for Envoy where there is none: a process with its flags, its admin paths and its way with files, which decides by running the script of its
 * configuration in LuaJIT. It shows that the driver does its part; what Envoy does with the same files, it cannot show.
 */
import { existsSync, mkdirSync, readFileSync, watch } from 'node:fs'
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import { basename, dirname } from 'node:path'
import { parseArgs } from 'node:util'
import { StandInProxy } from './stand-in-proxy.ts'
import type { Bootstrap, Cluster, Copy, Endpoints, Listener, Routes } from './stand-in-resources.ts'

interface Response<Resource> {
  readonly version_info: string
  readonly resources: readonly Resource[]
}

const { values } = parseArgs({
  options: {
    c: { type: 'string', short: 'c', default: '' },
    concurrency: { type: 'string' },
    'file-flush-interval-msec': { type: 'string' },
    'disable-hot-restart': { type: 'boolean' },
    'log-level': { type: 'string' },
  },
})
const bootstrap: Bootstrap = JSON.parse(readFileSync(values.c, 'utf8'))
const { lds_config: lds, cds_config: cds } = bootstrap.dynamic_resources
const proxy = new StandInProxy()
const versions = { listeners: '', clusters: '', routes: '' }
const servers = new Map<string, Server>()
const watched = new Map<string, () => void>()

/** A file that takes the place of another is read; one that cannot be used changes nothing. */
function follow<Resource>(path: string, use: (response: Response<Resource>) => void): void {
  const read = (): void => {
    try {
      const text = readFileSync(path, 'utf8')
      if (text.includes('refuse this')) throw new Error('it says "refuse this"')
      use(JSON.parse(text))
    } catch (error) {
      console.error(`[2026-01-01 00:00:00.000][1][warning][config] Filesystem config update rejected: ${String(error)}`)
    }
  }
  watched.set(path, read)
  read()
}

function useClusters({ version_info: version, resources: found }: Response<Cluster>): void {
  for (const name of proxy.clusters.keys()) if (found.every((each) => each.name !== name)) proxy.clusters.delete(name)
  for (const { name, eds_cluster_config: config } of found)
    if (!proxy.clusters.has(name)) {
      proxy.clusters.set(name, [])
      follow(config.eds_config.path_config_source.path, (response: Response<Endpoints>) => useEndpoints(name, response))
    }
  // As Envoy has it: what changes nothing is not remembered.
  if (found.length > 0) versions.clusters = version
}

function useEndpoints(name: string, { resources: [assignment] }: Response<Endpoints>): void {
  const before = proxy.clusters.get(name) ?? []
  const copies = (assignment?.endpoints?.[0].lb_endpoints ?? []).map(({ endpoint, health_status: health }): Copy => {
    const { address, port_value: port } = endpoint.address.socket_address
    const known = before.find((copy) => copy.address === address && copy.port === port)
    return known === undefined ? { address, port, health, active: 0 } : Object.assign(known, { health })
  })
  proxy.clusters.set(name, copies)
}

function useListeners({ version_info: version, resources: found }: Response<Listener>): void {
  for (const listener of found) {
    if (servers.has(listener.name)) continue
    const { pipe, socket_address: socket } = listener.address
    const server = createServer((incoming, response) => void proxy.answer(listener, incoming, response))
    servers.set(listener.name, server)
    server.listen(pipe === undefined ? { host: socket?.address, port: socket?.port_value } : { path: pipe.path })
    const { path } = listener.filter_chains[0].filters[0].typed_config.rds.config_source.path_config_source
    if (!watched.has(path)) follow(path, useRoutes)
  }
  versions.listeners = version
}

function useRoutes({ version_info: version, resources: [routes] }: Response<Routes>): void {
  if (routes === undefined) return
  proxy.follow(routes)
  versions.routes = version
}

function configDump(): object {
  const kind = (name: string): string => `type.googleapis.com/envoy.admin.v3.${name}`
  return {
    configs: [
      { '@type': kind('BootstrapConfigDump') },
      {
        '@type': kind('ClustersConfigDump'),
        version_info: versions.clusters,
        dynamic_active_clusters: [...proxy.clusters.keys()].map((name) => ({ cluster: { name } })),
      },
      {
        '@type': kind('ListenersConfigDump'),
        version_info: versions.listeners,
        dynamic_listeners: [...servers.keys()].map((name) => ({ name, active_state: {} })),
      },
      { '@type': kind('RoutesConfigDump'), dynamic_route_configs: [{ version_info: versions.routes }] },
    ],
  }
}

/** As Envoy has it: what is zero is left out, a long number is a text, and what drains is unhealthy. */
function clusters(): object {
  return {
    cluster_statuses: [...proxy.clusters].map(([name, copies]) => ({
      name,
      host_statuses: copies.map(({ address, port, health, active }) => ({
        address: { socket_address: { address, port_value: port } },
        stats: [{ name: 'rq_active', type: 'GAUGE', ...(active === 0 ? {} : { value: String(active) }) }],
        health_status: { eds_health_status: health === 'DRAINING' ? 'UNHEALTHY' : health },
      })),
    })),
  }
}

const admin: Readonly<Record<string, () => object>> = {
  '/ready': () => ({}),
  '/clusters?format=json': clusters,
  '/config_dump': configDump,
  '/reopen_logs': () => ({}),
  '/drain_listeners': () => {
    for (const server of servers.values()) server.close()
    return {}
  },
}

const folder = dirname(lds.path_config_source.path)
if (!existsSync(folder)) mkdirSync(folder)
watch(folder, (_, name) => {
  for (const [path, read] of watched) if (basename(path) === name && existsSync(path)) read()
})
follow(cds.path_config_source.path, useClusters)
follow(lds.path_config_source.path, useListeners)
createServer((incoming, response) => {
  const answer = admin[incoming.url ?? '']
  response.writeHead(answer === undefined ? 404 : 200).end(JSON.stringify(answer?.()))
}).listen({ path: bootstrap.admin.address.pipe.path })
process.on('SIGTERM', () => process.exit(0))
