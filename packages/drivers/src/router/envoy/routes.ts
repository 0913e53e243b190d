import type { RoutingTable } from '@serin/core'

/** Methods that may be sent twice. */
const repeatable = 'GET|HEAD|OPTIONS|TRACE|PUT|DELETE'
/** Never reached a version: may be sent to another copy, whatever the method. */
const unsent = 'connect-failure,refused-stream'

/** The name of the one route configuration, which every listener uses. */
export const routesName = 'serin'
/** The name of the filter whose script a route configuration brings along. */
export const decideFilter = 'serin_decide'

/** The cluster of a version. */
export function clusterOf(version: string): string {
  return `serin_${version}`
}

/**
 * The route configuration of a table: everything that a decision depends on, in one resource, so that it changes in one step. The script decides first
 * and leaves the version in the dynamic metadata; the routes only read that. Pure.
 */
export function routeConfiguration(table: RoutingTable | null, script: string): object {
  return {
    '@type': 'type.googleapis.com/envoy.config.route.v3.RouteConfiguration',
    name: routesName,
    virtual_hosts: [
      {
        name: 'serin',
        domains: ['*'],
        typed_per_filter_config: {
          [decideFilter]: {
            '@type': 'type.googleapis.com/envoy.extensions.filters.http.lua.v3.LuaPerRoute',
            source_code: { inline_string: script },
          },
        },
        routes: [...(table?.arms ?? []).flatMap(({ version }) => routesOf(version)), undecided(table)],
      },
    ],
    request_headers_to_add: [
      { header: { key: 'x-forwarded-host', value: '%REQ(:AUTHORITY)%' }, append_action: 'ADD_IF_ABSENT' },
    ],
    request_headers_to_remove: ['http2-settings', 'proxy-authorization', 'x-envoy-external-address'],
    response_headers_to_remove: ['serin-request'],
  }
}

/** A request that opens a tunnel has a day; one that may be repeated is, once, when its answer never began; any other only when it was never sent. */
function routesOf(version: string): readonly object[] {
  const decided = {
    filter: 'serin',
    path: [{ key: 'version' }],
    value: { string_match: { exact: version } },
  }
  const route = (name: string, headers: readonly object[], idle: string, retryOn: string): object => ({
    name: `${version} ${name}`,
    match: { prefix: '/', ...(headers.length === 0 ? {} : { headers }), dynamic_metadata: [decided] },
    route: {
      cluster: clusterOf(version),
      // An answer may take as long as it likes, as long as something moves.
      timeout: '0s',
      idle_timeout: idle,
      retry_policy: {
        retry_on: retryOn,
        num_retries: 1,
        retry_host_predicate: [
          {
            name: 'envoy.retry_host_predicates.previous_hosts',
            typed_config: {
              '@type': 'type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate',
            },
          },
        ],
        host_selection_retry_max_attempts: 3,
      },
    },
    response_headers_to_add: [
      { header: { key: 'serin-version', value: version }, append_action: 'OVERWRITE_IF_EXISTS_OR_ADD' },
    ],
  })
  return [
    route('tunnel', [{ name: 'upgrade', present_match: true }], '86400s', unsent),
    route(
      'repeatable',
      [{ name: ':method', string_match: { safe_regex: { regex: repeatable } } }],
      '300s',
      `${unsent},reset`,
    ),
    route('once', [], '300s', unsent),
  ]
}

/** When the script says nothing: no table yet, or it failed, and then stable is what is known to be good. It is also where the script is found. */
function undecided(table: RoutingTable | null): object {
  const match = { prefix: '/' }
  if (table === null) return { name: 'none', match, direct_response: { status: 503 } }
  return { name: 'undecided', match, route: { cluster: clusterOf(table.stable), timeout: '0s', idle_timeout: '300s' } }
}
