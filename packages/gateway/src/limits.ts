/** What bounds the gateway: sizes in bytes, times in ms. */
export interface Limits {
  /** Request line and headers together. */
  readonly headBytes: number
  readonly headers: number
  /** Time a client has to send a whole head. */
  readonly headMs: number
  /** Longest pause within a request body. */
  readonly requestBodyIdleMs: number
  readonly connectMs: number
  /** Longest silence of an upstream before its answer begins. */
  readonly answerMs: number
  /** How long a version that stable can stand in for has to begin its answer; then stable answers. */
  readonly shieldMs: number
  /** Longest pause within an answer; does not hold for event streams. */
  readonly answerBodyIdleMs: number
  /** How long an idle client connection is kept. */
  readonly keepAliveMs: number
  /** How long an idle upstream connection is kept, unless the upstream announces less. */
  readonly upstreamKeepAliveMs: number
  readonly connections: number
  /** Handshakes of TLS under way at once; the oldest gives way. */
  readonly handshakes: number
  /** Requests under way at once on a connection of HTTP/2. */
  readonly streams: number
  /** Requests that a connection of HTTP/2 may take back at once, and for long. */
  readonly resetBurst: number
  readonly resetsPerSecond: number
  /** Of HTTP/1.1 in both lanes together; a lane that has none may have one all the same. Tunnels are not counted. */
  readonly connectionsPerEndpoint: number
  /** How long requests in flight may take when the gateway is told to go. */
  readonly drainMs: number
  /** How long idle clients may still send a request, answered with `Connection: close`, when the gateway goes. */
  readonly lingerMs: number
  /** Copies under way at most; what comes on top is not copied. */
  readonly mirrorCopies: number
  /** Longest body of a request that is copied, and of an answer of stable that is compared. */
  readonly mirrorBodyBytes: number
  /** What the bodies of all copies may take together. */
  readonly mirrorBytes: number
}

/** The limits in production; tests use shorter times. */
export const defaultLimits: Limits = {
  headBytes: 16_384,
  headers: 100,
  headMs: 10_000,
  requestBodyIdleMs: 60_000,
  connectMs: 3_000,
  answerMs: 60_000,
  shieldMs: 5_000,
  answerBodyIdleMs: 300_000,
  keepAliveMs: 72_000,
  upstreamKeepAliveMs: 4_000,
  connections: 10_000,
  handshakes: 1_000,
  streams: 128,
  resetBurst: 500,
  resetsPerSecond: 50,
  connectionsPerEndpoint: 1_024,
  drainMs: 30_000,
  lingerMs: 300,
  mirrorCopies: 64,
  mirrorBodyBytes: 1_048_576,
  mirrorBytes: 33_554_432,
}
