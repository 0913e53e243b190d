/** A request that cannot be answered: an HTTP status and the sentence that goes into the `error` field. */
export class ProtocolError extends Error {
  readonly status: number
  constructor(status: number, message: string, options: { cause?: unknown } = {}) {
    super(message, options)
    this.name = 'ProtocolError'
    this.status = status
  }
}
