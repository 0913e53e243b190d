const closeFrame = 0x88
const masked = 0x80
const longest = 125

/** Whether bytes end with the close frame of a WebSocket (RFC 6455, 5.5.1), from either side: who says goodbye is not cut off. */
export function endsWithClose(bytes: Buffer): boolean {
  for (let length = 0; length <= longest; length += 1) {
    if (bytes.at(-length - 2) === closeFrame && bytes.at(-length - 1) === length) return true
    if (bytes.at(-length - 6) === closeFrame && bytes.at(-length - 5) === (masked | length)) return true
  }
  return false
}
