import type { IncomingHttpHeaders } from 'node:http'
import { brotliDecompress, gunzip, inflate, zstdDecompress } from 'node:zlib'
import type { Body } from '../../mirror/compare.ts'

type Done = (error: Error | null, plain: Buffer) => void
type Decoder = (bytes: Buffer, limit: number, done: Done) => void

const decoders: Readonly<Record<string, Decoder>> = {
  gzip: (bytes, maxOutputLength, done) => gunzip(bytes, { maxOutputLength }, done),
  'x-gzip': (bytes, maxOutputLength, done) => gunzip(bytes, { maxOutputLength }, done),
  deflate: (bytes, maxOutputLength, done) => inflate(bytes, { maxOutputLength }, done),
  br: (bytes, maxOutputLength, done) => brotliDecompress(bytes, { maxOutputLength }, done),
  zstd: (bytes, maxOutputLength, done) => zstdDecompress(bytes, { maxOutputLength }, done),
}

/** The content encoding of an answer, lower case; empty when there is none. */
export function encodingOf(headers: IncomingHttpHeaders): string {
  const encoding = (headers['content-encoding'] ?? '').trim().toLowerCase()
  return encoding === 'identity' ? '' : encoding
}

/** A body without its encoding. `unseen`: nobody here reads that encoding. What is not encoded as it says stays as it is. */
export async function decoded(bytes: Buffer, encoding: string, limit: number): Promise<Body> {
  if (encoding === '' || bytes.length === 0) return bytes
  const decode = Object.hasOwn(decoders, encoding) ? decoders[encoding] : undefined
  if (decode === undefined) return 'unseen'
  return await new Promise((resolve) => {
    decode(bytes, limit, (error, plain) => {
      if (error === null) resolve(plain)
      else resolve('code' in error && error.code === 'ERR_BUFFER_TOO_LARGE' ? 'longer' : bytes)
    })
  })
}
