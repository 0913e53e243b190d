import type { RoutingTable } from '@serin/core'
import { serverOf } from '../proxy/addresses.ts'
import type { Addresses } from '../proxy/addresses.ts'
import { headerVariable, routingMaps } from './maps.ts'
import { mirrorDirectives, mirrorLocation, mirrorMaps, mirrorOf } from './mirror.ts'
import { serinDollar, value, word } from './quote.ts'

/** What the configuration has to know besides the table. */
export interface Setting {
  /** Where sockets, pid files and the log are. */
  readonly directory: string
  readonly workers: number
  /** As whom the workers run; null when nginx is not started by root and cannot choose. */
  readonly user: string | null
  /** Where the evidence goes, as UDP. */
  readonly evidencePort: number
  /** Stands in every line: anybody on this machine can send datagrams. */
  readonly evidenceKey: string
}

/** The files of an nginx by their purpose. */
export const socketNames = { split: 'split.sock', control: 'control.sock', none: 'none.sock' } as const

const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'] as const
const connections = 8_192

/**
 * The configuration of the nginx that clients talk to: it passes every request on to the one that splits, over a connection of its own. It never
 * changes with the table, so that clients keep their connections while the other one is reloaded.
 */
export function frontConfig({ listen, preview }: Addresses, setting: Setting): string {
  return lines([
    ...head('front', setting),
    'http {',
    ...common(setting),
    '  access_log off;',
    '  keepalive_timeout 75s;',
    '  keepalive_requests 1000000000;',
    '  proxy_read_timeout 1d;',
    '  proxy_send_timeout 1d;',
    '  proxy_next_upstream off;',
    `  upstream serin_split { server ${word(`unix:${setting.directory}/${socketNames.split}`)} max_fails=0; }`,
    '  map $http_upgrade $serin_connection { "" close; "~*^h2c" close; default upgrade; }',
    '  map $http_upgrade $serin_upgrade { "~*^h2c" ""; default $http_upgrade; }',
    // Only HTTP/1.0 may come without a host; nginx itself would refuse it behind the front.
    '  map $http_host $serin_host { "" localhost; default $http_host; }',
    ...frontServer(listen, ''),
    ...(preview === null ? [] : frontServer(preview, '1')),
    '}',
  ])
}

function frontServer(listen: string, preview: string): readonly string[] {
  return [
    '  server {',
    `    listen ${word(listen)} backlog=4096;`,
    '    location / {',
    '      proxy_set_header Host $serin_host;',
    '      proxy_set_header Connection $serin_connection;',
    '      proxy_set_header Upgrade $serin_upgrade;',
    '      proxy_set_header Proxy-Connection "";',
    '      proxy_set_header Proxy-Authorization "";',
    // Only the front may say these: what a client says of them is not passed on.
    '      proxy_set_header Serin-Client $remote_addr;',
    `      proxy_set_header Serin-Preview "${preview}";`,
    '      proxy_set_header Serin-Probe "";',
    '      proxy_pass http://serin_split;',
    '    }',
    '  }',
  ]
}

/** The configuration of the nginx that splits, for a table; without one every request is answered with 503. Pure. */
export function splitConfig(table: RoutingTable | null, setting: Setting): string {
  return lines([
    ...head('split', setting),
    'http {',
    ...common(setting),
    '  keepalive_timeout 0;',
    `  ${serinDollar}`,
    ...(table === null ? [] : tableLines(table, setting).map((line) => `  ${line}`)),
    ...controlServer(table, setting),
    '  server {',
    `    listen ${word(`unix:${setting.directory}/${socketNames.none}`)} backlog=4096;`,
    '    access_log off;',
    '    return 503;',
    '  }',
    '}',
  ])
}

/** What a request carries to the version that answers it, and its copy to the other. */
const headers = [
  'proxy_set_header Host $http_host;',
  'proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;',
  'proxy_set_header X-Forwarded-Proto $serin_proto;',
  'proxy_set_header X-Forwarded-Host $serin_host;',
  'proxy_set_header X-Request-Id $serin_request_id;',
  ...['Serin-Client', 'Serin-Preview', 'Serin-Probe'].map((name) => `proxy_set_header ${name} "";`),
]

function tableLines(table: RoutingTable, setting: Setting): readonly string[] {
  const mirror = mirrorOf(table)
  // Nobody can ask for it who does not know the key; nginx would let no client in either.
  const path = `/serin-mirror-${setting.evidenceKey}`
  const log = `syslog:server=127.0.0.1:${setting.evidencePort},tag=serin,nohostname`
  return [
    ...table.arms.flatMap(({ endpoints }, i) => (endpoints.length === 0 ? [] : upstream(`serin_${i}`, endpoints))),
    ...(mirror === null ? [] : [...upstream('serin_mirror', mirror.endpoints), ...mirrorMaps(table, mirror)]),
    `upstream serin_none { server ${word(`unix:${setting.directory}/${socketNames.none}`)} max_fails=0; }`,
    ...routingMaps(table),
    'map $http_upgrade $serin_connection { "" ""; default upgrade; }',
    'map $http_x_forwarded_proto $serin_proto { "" http; default $http_x_forwarded_proto; }',
    'map $http_x_forwarded_host $serin_host { "" $http_host; default $http_x_forwarded_host; }',
    'map $http_x_request_id $serin_request_id { default $request_id; "~^[\\x21-\\x7e]{1,200}\\z" $http_x_request_id; }',
    'map $upstream_http_x_request_id $serin_answered_id { "" $serin_request_id; default ""; }',
    ...logFormat(table, setting),
    'server {',
    `  listen ${word(`unix:${setting.directory}/${socketNames.split}`)} backlog=4096;`,
    '  set_real_ip_from unix:;',
    '  real_ip_header Serin-Client;',
    `  access_log ${log} serin;`,
    '  proxy_connect_timeout 3s;',
    '  proxy_next_upstream error;',
    ...headers.map((line) => `  ${line}`),
    '  proxy_set_header Connection $serin_connection;',
    '  proxy_set_header Upgrade $http_upgrade;',
    '  proxy_hide_header serin-version;',
    '  proxy_hide_header serin-request;',
    '  add_header serin-version $serin_version always;',
    '  add_header x-request-id $serin_answered_id always;',
    '  location / {',
    '    if ($serin_connection) { return 418; }',
    '    error_page 418 = @tunnel;',
    ...(mirror === null ? [] : mirrorDirectives(mirror, path).map((line) => `    ${line}`)),
    '    proxy_read_timeout 300s;',
    '    proxy_pass http://$serin_upstream;',
    '  }',
    ...(mirror === null ? [] : mirrorLocation(mirror, { path, headers, log }).map((line) => `  ${line}`)),
    '  location @tunnel {',
    '    proxy_read_timeout 1d;',
    '    proxy_send_timeout 1d;',
    '    proxy_pass http://$serin_upstream;',
    '  }',
    '}',
  ]
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
function logFormat(table: RoutingTable, { evidenceKey }: Setting): readonly string[] {
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
    `log_format serin escape=json '{${fields.join(',')}}';`,
    ...(copied ? [`log_format serin_copy escape=json '{${copy.join(',')}}';`] : []),
  ]
}

/** Where the driver asks what is in force: which table, and where the hash sends a unit. */
function controlServer(table: RoutingTable | null, setting: Setting): readonly string[] {
  const said =
    table === null
      ? { revision: null, arms: [] }
      : {
          revision: table.revision,
          epoch: table.epoch ?? 0,
          arms: table.arms.map(({ version, weightBp }) => [version, weightBp]),
        }
  return [
    `  log_format serin_mark escape=json '{"key":"${setting.evidenceKey}","mark":"$arg_mark"}';`,
    '  server {',
    `    listen ${word(`unix:${setting.directory}/${socketNames.control}`)};`,
    '    access_log off;',
    '    default_type text/plain;',
    '    location = /table {',
    `      access_log syslog:server=127.0.0.1:${setting.evidencePort},tag=serin,nohostname serin_mark;`,
    `      return 200 ${value(JSON.stringify(said))};`,
    '    }',
    `    location = /split { return 200 ${table === null ? '""' : '$serin_split'}; }`,
    '    location / { return 404; }',
    '  }',
  ]
}

function head(name: 'front' | 'split', { directory, workers, user }: Setting): readonly string[] {
  return [
    '# Written by Serin; changes are overwritten.',
    ...(user === null ? [] : [`user ${word(user)};`]),
    `worker_processes ${workers};`,
    `pid ${word(`${directory}/${name}.pid`)};`,
    `error_log ${word(`${directory}/nginx.log`)} error;`,
    `events { worker_connections ${connections}; }`,
  ]
}

/** What holds for both: nothing is kept back, nothing is limited in length, nothing of an answer is obeyed. */
function common({ directory }: Setting): readonly string[] {
  return [
    ...temporary.map((kind) => `  ${kind}_temp_path ${word(`${directory}/${kind}`)};`),
    '  tcp_nodelay on;',
    '  client_max_body_size 0;',
    '  large_client_header_buffers 4 16k;',
    '  variables_hash_max_size 8192;',
    '  variables_hash_bucket_size 256;',
    '  map_hash_bucket_size 256;',
    '  proxy_http_version 1.1;',
    '  proxy_buffering off;',
    '  proxy_buffer_size 16k;',
    '  proxy_buffers 8 16k;',
    '  proxy_request_buffering off;',
    '  proxy_pass_header Server;',
    '  proxy_pass_header Date;',
    '  proxy_ignore_headers X-Accel-Redirect X-Accel-Expires X-Accel-Limit-Rate X-Accel-Buffering X-Accel-Charset;',
  ]
}

function lines(all: readonly string[]): string {
  return `${all.join('\n')}\n`
}
