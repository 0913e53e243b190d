import { clusterOf } from './routes.ts'

/** A copy of a version as Envoy has it. */
export interface Host {
  readonly version: string
  /** As the table calls it. */
  readonly endpoint: string
  /** A number, not a name. */
  readonly address: string
  readonly port: number
  /** Nothing new is sent to it; it is kept until what it has under way is over. */
  readonly leaving: boolean
}

/** The cluster of a version; its copies are in a file of their own, so that they come and go without making the cluster anew. Pure. */
export function cluster(version: string, endpointsFile: string): object {
  return {
    '@type': 'type.googleapis.com/envoy.config.cluster.v3.Cluster',
    name: clusterOf(version),
    type: 'EDS',
    eds_cluster_config: { eds_config: fromFile(endpointsFile) },
    connect_timeout: '3s',
    lb_policy: 'ROUND_ROBIN',
    // Which copies are well is for the workload to say: one that is leaving is never tried, whatever is left.
    common_lb_config: { healthy_panic_threshold: { value: 0 } },
    // Limits are for the versions to have; the defaults of 1,024 would answer for them.
    circuit_breakers: {
      thresholds: [{ max_connections: 65_536, max_pending_requests: 65_536, max_requests: 65_536, max_retries: 1_024 }],
    },
    typed_extension_protocol_options: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
        '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
        // Shorter than what servers usually grant: who closes first must be us.
        common_http_protocol_options: { idle_timeout: '4s' },
        explicit_http_config: { http_protocol_options: {} },
      },
    },
  }
}

/** The copies of a version. Pure. */
export function endpoints(version: string, hosts: readonly Host[]): object {
  const own = hosts.filter((host) => host.version === version)
  const copies = own.map(({ address, port, leaving }) => ({
    endpoint: { address: { socket_address: { address, port_value: port } } },
    health_status: leaving ? 'DRAINING' : 'HEALTHY',
  }))
  return {
    '@type': 'type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment',
    cluster_name: clusterOf(version),
    ...(copies.length === 0 ? {} : { endpoints: [{ lb_endpoints: copies }] }),
  }
}

/** Where a resource is read from: again whenever another file takes its place. */
export function fromFile(path: string): object {
  return { resource_api_version: 'V3', path_config_source: { path } }
}
