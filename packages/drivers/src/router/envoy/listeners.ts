import { partsOf } from '../proxy/addresses.ts'
import type { Addresses } from '../proxy/addresses.ts'
import { fromFile } from './clusters.ts'
import { decideFilter, routesName } from './routes.ts'

/** The files of an Envoy by their purpose. */
export const fileNames = {
  bootstrap: 'bootstrap.json',
  pid: 'envoy.pid',
  log: 'envoy.log',
  evidence: 'access.log',
  admin: 'admin.sock',
  control: 'control.sock',
  listeners: 'xds/lds.json',
  clusters: 'xds/cds.json',
  routes: 'xds/rds.json',
} as const

/** A door that clients do not use: what a request through it is asked for is decided by which door it is. */
type Door = 'preview' | 'control' | null

/** What Envoy is started with: where it reads everything else, and a socket to ask it. It never changes while it runs. Pure. */
export function bootstrap(service: string, directory: string): object {
  return {
    node: { id: `serin/${service}`, cluster: 'serin' },
    admin: { address: { pipe: { path: `${directory}/${fileNames.admin}`, mode: 0o600 } } },
    dynamic_resources: {
      lds_config: fromFile(`${directory}/${fileNames.listeners}`),
      cds_config: fromFile(`${directory}/${fileNames.clusters}`),
    },
  }
}

/** What the listeners are called. Pure. */
export function listenerNames({ preview }: Addresses): readonly string[] {
  return ['serin', ...(preview === null ? [] : ['serin_preview']), 'serin_control']
}

/** The listeners: where clients come, where canary always answers, and where the driver asks. Pure. */
export function listeners({ listen, preview }: Addresses, directory: string): readonly object[] {
  const main = listener('serin', socket(listen), null, directory)
  const control = listener(
    'serin_control',
    { pipe: { path: `${directory}/${fileNames.control}`, mode: 0o600 } },
    'control',
    directory,
  )
  return [
    main,
    ...(preview === null ? [] : [listener('serin_preview', socket(preview), 'preview', directory)]),
    control,
  ]
}

function listener(name: string, address: object, door: Door, directory: string): object {
  return {
    '@type': 'type.googleapis.com/envoy.config.listener.v3.Listener',
    name,
    address,
    // Two that share a port would share its requests.
    enable_reuse_port: false,
    filter_chains: [
      {
        filters: [
          {
            name: 'envoy.filters.network.http_connection_manager',
            typed_config: connectionManager(name, door, directory),
          },
        ],
      },
    ],
  }
}

function connectionManager(name: string, door: Door, directory: string): object {
  return {
    '@type': 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
    stat_prefix: name,
    // HTTP/1.1 only, as from Serin's gateway without TLS.
    codec_type: 'HTTP1',
    http_protocol_options: { accept_http_10: true },
    rds: { config_source: fromFile(`${directory}/${fileNames.routes}`), route_config_name: routesName },
    http_filters: [
      ...(door === null ? [] : [doorFilter(door)]),
      {
        name: decideFilter,
        typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua' },
      },
      {
        name: 'envoy.filters.http.router',
        typed_config: {
          '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router',
          suppress_envoy_headers: true,
        },
      },
    ],
    access_log: [accessLog(door, directory)],
    ...atTheEdge,
  }
}

/** Nothing of a client is believed that the script does not leave, and nothing of an answer is changed that nobody asked to be changed. */
const atTheEdge = {
  use_remote_address: true,
  // Whom to believe the script knows: it gets what was said of a client as it came.
  skip_xff_append: true,
  xff_num_trusted_hops: 1,
  // No address is within: headers that steer Envoy are taken from nobody. An empty list would mean every private one.
  internal_address_config: { cidr_ranges: [{ address_prefix: '255.255.255.255', prefix_len: 32 }] },
  preserve_external_request_id: true,
  always_set_request_id_in_response: true,
  request_id_extension: {
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.request_id.uuid.v3.UuidRequestIdConfig',
      pack_trace_reason: false,
    },
  },
  server_header_transformation: 'PASS_THROUGH',
  upgrade_configs: [{ upgrade_type: 'websocket' }],
  request_headers_timeout: '60s',
  stream_idle_timeout: '300s',
  common_http_protocol_options: { idle_timeout: '75s' },
} as const

/** Says through which door a request came, where no client can. */
function doorFilter(door: 'preview' | 'control'): object {
  const script = `function envoy_on_request(handle)\n  handle:streamInfo():dynamicMetadata():set("serin", "door", "${door}")\nend\n`
  return {
    name: 'serin_door',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua',
      default_source_code: { inline_string: script },
    },
  }
}

/** A line for each request, as JSON; of what the driver asks only the line with a mark. */
function accessLog(door: Door, directory: string): object {
  const fields = {
    decided: '%DYNAMIC_METADATA(serin:decided)%',
    status: '%RESPONSE_CODE%',
    flags: '%RESPONSE_FLAGS%',
    ms: '%DURATION%',
    headMs: '%RESPONSE_DURATION%',
    route: '%ROUTE_NAME%',
    cluster: '%UPSTREAM_CLUSTER%',
    host: '%UPSTREAM_HOST%',
    requestId: '%REQ(X-REQUEST-ID)%',
  }
  const mark = { mark: '%DYNAMIC_METADATA(serin:mark)%' }
  return {
    name: 'envoy.access_loggers.file',
    ...(door === 'control'
      ? { filter: { header_filter: { header: { name: ':path', string_match: { prefix: '/table?' } } } } }
      : {}),
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog',
      path: `${directory}/${fileNames.evidence}`,
      log_format: { json_format: door === 'control' ? mark : fields },
    },
  }
}

function socket(listen: string): object {
  const { host, port } = partsOf(listen)
  return { socket_address: { address: host, port_value: port } }
}
