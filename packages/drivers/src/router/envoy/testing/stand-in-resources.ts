/** Parts of resources as the stand-in reads them: those that Serin writes, nothing more. */
export interface Route {
  readonly name: string
  readonly match: {
    readonly headers?: readonly {
      readonly name: string
      readonly present_match?: boolean
      readonly string_match?: { readonly safe_regex: { readonly regex: string } }
    }[]
    readonly dynamic_metadata?: readonly { readonly value: { readonly string_match: { readonly exact: string } } }[]
  }
  readonly route?: { readonly cluster: string }
  readonly direct_response?: { readonly status: number }
  readonly response_headers_to_add?: readonly { readonly header: { readonly key: string; readonly value: string } }[]
}

export interface Routes {
  readonly virtual_hosts: readonly [
    {
      readonly routes: readonly Route[]
      readonly typed_per_filter_config: {
        readonly serin_decide: { readonly source_code: { readonly inline_string: string } }
      }
    },
  ]
}

interface Config {
  readonly stat_prefix: string
  readonly rds: { readonly config_source: FromFile }
  readonly http_filters: readonly { readonly name: string }[]
  readonly access_log: readonly [
    {
      readonly filter?: unknown
      readonly typed_config: {
        readonly path: string
        readonly log_format: { readonly json_format: Readonly<Record<string, string>> }
      }
    },
  ]
}

export interface Listener {
  readonly name: string
  readonly address: {
    readonly pipe?: { readonly path: string }
    readonly socket_address?: { readonly address: string; readonly port_value: number }
  }
  readonly filter_chains: readonly [{ readonly filters: readonly [{ readonly typed_config: Config }] }]
}

export interface FromFile {
  readonly path_config_source: { readonly path: string }
}

export interface Cluster {
  readonly name: string
  readonly eds_cluster_config: { readonly eds_config: FromFile }
}

export interface Endpoints {
  readonly endpoints?: readonly [
    {
      readonly lb_endpoints: readonly {
        readonly endpoint: {
          readonly address: { readonly socket_address: { readonly address: string; readonly port_value: number } }
        }
        readonly health_status: string
      }[]
    },
  ]
}

export interface Bootstrap {
  readonly admin: { readonly address: { readonly pipe: { readonly path: string } } }
  readonly dynamic_resources: { readonly lds_config: FromFile; readonly cds_config: FromFile }
}

/** A copy that the stand-in sends requests to. */
export interface Copy {
  readonly address: string
  readonly port: number
  readonly health: string
  active: number
}
