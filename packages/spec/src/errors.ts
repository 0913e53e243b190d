/** One entry of the catalogue: the HTTP status it maps to, whether trying again can help, and what to do. */
export interface ErrorEntry {
  readonly status: number
  readonly retry: boolean
  readonly hint: string
}

/** Every error a person or a program can meet, sorted by code. The API's problems, the CLI's lines and docs/reference/errors.md come from here. */
export const catalogue = {
  'auth.expired': {
    status: 403,
    retry: false,
    hint: 'Ask an admin for another: "serin token create NAME --role ROLE".',
  },
  'auth.forbidden': {
    status: 403,
    retry: false,
    hint: 'Ask somebody who has that role, or an admin for a token that has: "serin token create NAME --role ROLE".',
  },
  'auth.missing': {
    status: 401,
    retry: false,
    hint: 'Send the token from the token file as "Authorization: Bearer …"; the CLI finds it by itself.',
  },
  'auth.refused': {
    status: 403,
    retry: false,
    hint: 'Use the token in the data directory of the control plane that answers here, or one that "serin token create" made there. The CLI sends SERIN_TOKEN when it is set.',
  },
  'body.invalid': { status: 400, retry: false, hint: 'Compare the body with /v1/openapi.json.' },
  'body.too-large': { status: 413, retry: false, hint: 'Send smaller batches.' },
  'canary-config.invalid': {
    status: 422,
    retry: false,
    hint: 'Give Kayenta’s own JSON: first a canary config, then a metric set pair list.',
  },
  'config.invalid': { status: 422, retry: false, hint: 'Correct the file and run "serin lint -f FILE".' },
  'config.unreadable': { status: 400, retry: false, hint: 'Check the path and that the file is YAML.' },
  'control-plane.busy': { status: 503, retry: true, hint: 'Try again in a few seconds.' },
  'control-plane.not-ready': { status: 503, retry: true, hint: 'It is starting or going away: try again in a moment.' },
  'control-plane.unreachable': {
    status: 503,
    retry: true,
    hint: 'Start it with "serin up", or name its data directory with --data.',
  },
  'data-directory.in-use': {
    status: 409,
    retry: false,
    hint: 'Another control plane uses this data directory: stop it, or choose another with --data.',
  },
  'driver.unknown': { status: 422, retry: false, hint: 'Use one of the known kinds.' },
  'gateway.certificate': {
    status: 422,
    retry: false,
    hint: 'Name a PEM certificate and the key that belongs to it under "gateway.tls"; the authorities of clients are under "gateway.clientCertificates"; "openssl x509 -noout -text -in FILE" shows what a file holds.',
  },
  'gateway.failed': { status: 502, retry: true, hint: 'Read the gateway log named in the message.' },
  'gateway.port-in-use': {
    status: 409,
    retry: false,
    hint: 'Stop what listens there, or choose another "listen" port for the service.',
  },
  'gateway.unreachable': {
    status: 503,
    retry: true,
    hint: 'The gateway process is restarted by the control plane; see its log.',
  },
  internal: {
    status: 500,
    retry: false,
    hint: 'This is a defect in Serin. Please report it with the journal and the log.',
  },
  'login.refused': {
    status: 403,
    retry: false,
    hint: 'Ask for another link with "serin dashboard": each is good once, for ten minutes.',
  },
  'login.too-often': {
    status: 429,
    retry: true,
    hint: 'Wait a minute, then ask for another link with "serin dashboard".',
  },
  'method.not-allowed': { status: 405, retry: false, hint: 'The header "Allow" names the methods of this path.' },
  'model.unloadable': {
    status: 422,
    retry: false,
    hint: 'Check that the file is a whole ONNX model (size, checksum) and export it again.',
  },
  'observation.invalid': {
    status: 422,
    retry: false,
    hint: 'Each observation needs a metric, a finite value, and a unit or a request id.',
  },
  'origin.refused': {
    status: 403,
    retry: false,
    hint: 'Reach the control plane by its own address, such as 127.0.0.1 or localhost, and not from a page of another site.',
  },
  'path.not-found': { status: 404, retry: false, hint: 'All paths are in /v1/openapi.json.' },
  'port.in-use': { status: 409, retry: false, hint: 'Stop what listens there, or choose another port.' },
  'release.not-found': { status: 404, retry: false, hint: 'List coupled releases with "serin get releases".' },
  'release.refused': {
    status: 409,
    retry: false,
    hint: 'Look at it with "serin get releases" and choose a command that fits it.',
  },
  'rollout.active': { status: 409, retry: false, hint: 'Wait for it, abort it, or release with --supersede.' },
  'rollout.frozen': {
    status: 409,
    retry: false,
    hint: 'Wait until the freeze is over; a release that cannot wait goes with --hotfix.',
  },
  'rollout.not-found': { status: 404, retry: false, hint: 'List rollouts with "serin get rollouts".' },
  'rollout.refused': {
    status: 409,
    retry: false,
    hint: 'Look at the state with "serin status" and choose a command that fits it.',
  },
  'service.not-found': { status: 404, retry: false, hint: 'List services with "serin get services".' },
  'session.over': {
    status: 401,
    retry: false,
    hint: 'Log in again: "serin dashboard" prints a link.',
  },
  'simulation.not-found': {
    status: 404,
    retry: false,
    hint: 'The control plane keeps the last few, until it stops: simulate again, or with "serin simulate".',
  },
  'simulation.too-often': {
    status: 429,
    retry: true,
    hint: 'Wait a minute, or simulate on your own machine: "serin simulate".',
  },
  'simulation.under-way': {
    status: 409,
    retry: true,
    hint: 'Wait for it, cancel it, or simulate on your own machine: "serin simulate".',
  },
  'store.corrupt': {
    status: 500,
    retry: false,
    hint: 'Restore the data directory from a backup, or move it away to start anew.',
  },
  'store.full': {
    status: 507,
    retry: true,
    hint: 'Free disk space; Serin goes on by itself when it can write again. Traffic stays where it is.',
  },
  'store.taken': {
    status: 503,
    retry: false,
    hint: 'Another control plane has taken over; this one does nothing any more. Ask the other one, and end this process.',
  },
  'store.unwritable': { status: 500, retry: true, hint: 'Check the permissions and the disk of the data directory.' },
  'token.not-found': { status: 404, retry: false, hint: 'List tokens with "serin token list".' },
  'token.refused': {
    status: 409,
    retry: false,
    hint: 'Look at "serin token list"; "serin token revoke NAME" takes one back and frees its name.',
  },
  'usage.invalid': { status: 400, retry: false, hint: 'See "serin COMMAND --help".' },
  'version.immutable': {
    status: 409,
    retry: false,
    hint: 'A version never changes: give the new content a new version name.',
  },
  'version.not-found': {
    status: 404,
    retry: false,
    hint: 'Declare it under "versions" of the service and apply the file.',
  },
  'workload.exited': {
    status: 502,
    retry: false,
    hint: 'Read the last lines of its log, correct the command and release again.',
  },
  'workload.not-ready': {
    status: 504,
    retry: false,
    hint: 'Check its readiness path and its log, or give it more time with "ready.within".',
  },
} as const satisfies Record<string, ErrorEntry>

/** A code of the catalogue. */
export type ErrorCode = keyof typeof catalogue

/** The one error class: a code of the catalogue and a sentence that says what happened. */
export class SerinError extends Error {
  readonly code: ErrorCode
  readonly details: Readonly<Record<string, unknown>>
  constructor(
    code: ErrorCode,
    message: string,
    options: { cause?: unknown; details?: Readonly<Record<string, unknown>> } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'SerinError'
    this.code = code
    this.details = options.details ?? {}
  }
  /** What to do about it. */
  get hint(): string {
    return catalogue[this.code].hint
  }
}

/** An RFC 9457 problem document. */
export interface Problem {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly code: ErrorCode
  readonly hint: string
  readonly details?: Readonly<Record<string, unknown>>
}

/** The problem document of an error; anything that is not ours becomes `internal` without leaking its text. */
export function toProblem(error: unknown): Problem {
  const known =
    error instanceof SerinError ? error : new SerinError('internal', 'Something unexpected happened inside Serin.')
  return {
    type: `https://serin.dev/errors/${known.code}`,
    title: known.code,
    status: catalogue[known.code].status,
    detail: known.message,
    code: known.code,
    hint: known.hint,
    ...(Object.keys(known.details).length > 0 ? { details: known.details } : {}),
  }
}
