import type { RoutingTable } from '@serin/core'
import { serverOf } from '../proxy/addresses.ts'
import { headerVariable, routingMaps } from './maps.ts'
import type { Signs } from './maps.ts'
import { mirrorDirectives, mirrorLocation, mirrorMaps, mirrorOf } from './mirror.ts'
import { value, word } from './quote.ts'

/** Where lines of the log go. */
export interface LogPlace {
  /** As UDP, on loopback. */
  readonly evidencePort: number
  /** Stands in every line: anybody on this machine can send datagrams. */
  readonly evidenceKey: string
}

/** Nothing is kept back, nothing is limited in length, nothing of an answer is obeyed. */
export const plainly = [
  'tcp_nodelay on;',
  'client_max_body_size 0;',
  'large_client_header_buffers 4 16k;',
  'proxy_http_version 1.1;',
  'proxy_buffering off;',
  'proxy_buffer_size 16k;',
  'proxy_buffers 8 16k;',
  'proxy_request_buffering off;',
  'proxy_pass_header Server;',
  'proxy_pass_header Date;',
  'proxy_ignore_headers X-Accel-Redirect X-Accel-Expires X-Accel-Limit-Rate X-Accel-Buffering X-Accel-Charset;',
] as const

/** What stands beside the servers: where versions are, who gets which, and how that is logged. */
export function tableMaps(table: RoutingTable, place: LogPlace, signs: Signs): readonly string[] {
  const mirror = mirrorOf(table)
  return [
    ...table.arms.flatMap(({ endpoints }, i) => (endpoints.length === 0 ? [] : upstream(`serin_${i}`, endpoints))),
    ...(mirror === null ? [] : [...upstream('serin_mirror', mirror.endpoints), ...mirrorMaps(table, mirror)]),
    ...routingMaps(table, signs),
    'map $http_upgrade $serin_connection { "" ""; default upgrade; }',
    'map $http_x_request_id $serin_request_id { default $request_id; "~^[\\x21-\\x7e]{1,200}\\z" $http_x_request_id; }',
    'map $upstream_http_x_request_id $serin_answered_id { "" $serin_request_id; default ""; }',
    ...logFormat(table, place),
  ]
}

/** What a server does with a request. `headers` go to the version, and with a copy to the other; `first` comes before anything in each location. */
export function answerLines(
  table: RoutingTable,
  place: LogPlace,
  headers: readonly string[],
  first: readonly string[] = [],
): readonly string[] {
  const mirror = mirrorOf(table)
  // Nobody can ask for it who does not know the key; nginx would let no client in either.
  const path = `/serin-mirror-${place.evidenceKey}`
  const log = logAddress(place)
  return [
    `access_log ${log} serin_line;`,
    'proxy_connect_timeout 3s;',
    'proxy_next_upstream error;',
    ...headers,
    'proxy_set_header Connection $serin_connection;',
    'proxy_set_header Upgrade $http_upgrade;',
    'proxy_hide_header serin-version;',
    'proxy_hide_header serin-request;',
    'add_header serin-version $serin_version always;',
    'add_header x-request-id $serin_answered_id always;',
    'location / {',
    ...first.map((line) => `  ${line}`),
    '  if ($serin_connection) { return 418; }',
    '  error_page 418 = @tunnel;',
    ...(mirror === null ? [] : mirrorDirectives(mirror, path).map((line) => `  ${line}`)),
    '  proxy_read_timeout 300s;',
    '  proxy_pass http://$serin_upstream;',
    '}',
    ...(mirror === null ? [] : mirrorLocation(mirror, { path, headers, log })),
    'location @tunnel {',
    '  proxy_read_timeout 1d;',
    '  proxy_send_timeout 1d;',
    '  proxy_pass http://$serin_upstream;',
    '}',
  ]
}

/** The form of the line that says: everything before it is written. */
export function markFormat({ evidenceKey }: LogPlace): string {
  return `log_format serin_mark escape=json '{"key":"${evidenceKey}","mark":"$arg_mark"}';`
}

/** Where the driver asks below a path what is in force: which table, told by which worker, and where the hash sends a unit. */
export function controlLines(table: RoutingTable | null, place: LogPlace, path: string): readonly string[] {
  const said =
    table === null
      ? { revision: null, arms: [] }
      : {
          revision: table.revision,
          epoch: table.epoch ?? 0,
          arms: table.arms.map(({ version, weightBp }) => [version, weightBp]),
        }
  const told = value(JSON.stringify(said)).slice(0, -2)
  return [
    `location = ${path}/table {`,
    '  default_type text/plain;',
    `  access_log ${logAddress(place)} serin_mark;`,
    `  return 200 ${told},\\"pid\\":$pid}";`,
    '}',
    `location = ${path}/split {`,
    '  default_type text/plain;',
    '  access_log off;',
    `  return 200 ${table === null ? '""' : '$serin_split'};`,
    '}',
  ]
}

function logAddress({ evidencePort }: LogPlace): string {
  return `syslog:server=127.0.0.1:${evidencePort},tag=serin,nohostname`
}

function upstream(name: string, endpoints: readonly string[]): readonly string[] {
  return [
    `upstream ${name} {`,
    // Which copies are well is for the workload to say: nginx tries each.
    ...endpoints.map((endpoint) => `  server ${word(serverOf(endpoint, 'nginx'))} max_fails=0;`),
    '  keepalive 64;',
    '  keepalive_requests 1000000000;',
    // Shorter than what servers usually grant: who closes first must be us.
    '  keepalive_timeout 4s;',
    '}',
  ]
}

/** A line per request, as JSON; the driver reads it. What slices look at is told only while they are asked for. */
function logFormat(table: RoutingTable, { evidenceKey }: LogPlace): readonly string[] {
  const {
    revision,
    measurement: { rollout, slices },
  } = table
  const copied = mirrorOf(table) !== null
  const asked = rollout === 'idle' ? [] : Object.values(slices ?? {})
  const looks = asked.map(
    ({ header }, i) => `"x${i}":"${header === undefined ? '$request_uri' : headerVariable(header)}"`,
  )
  const fields = [
    `"key":"${evidenceKey}"`,
    '"version":"$serin_version"',
    '"by":"$serin_by"',
    '"unit":"$serin_unit"',
    '"status":$status',
    '"answerS":"$upstream_response_time"',
    '"headS":"$upstream_header_time"',
    '"requestS":"$request_time"',
    '"whole":"$request_completion"',
    `"revision":${revision}`,
    ...looks,
    // Both lines of a pair have it.
    ...(copied ? ['"copied":"$serin_copied"', '"id":"$request_id"'] : []),
  ]
  const copy = [
    `"key":"${evidenceKey}"`,
    '"copy":"$request_id"',
    '"status":$status',
    '"answerS":"$upstream_response_time"',
    '"headS":"$upstream_header_time"',
    `"revision":${revision}`,
  ]
  return [
    `log_format serin_line escape=json '{${fields.join(',')}}';`,
    ...(copied ? [`log_format serin_copy escape=json '{${copy.join(',')}}';`] : []),
  ]
}
