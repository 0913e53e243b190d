const multiplier = 0x5bd1e995

/**
 * 32-bit MurmurHash2 with seed 0 over the UTF-8 bytes of a text (or over bytes as they are): an integer 0 … 2³²−1.
 * The very function behind nginx's `split_clients`, so that any router assigns the same units.
 */
export function murmurHash2(input: string | Uint8Array): number {
  if (typeof input !== 'string') return hashBytes(input)
  const length = input.length
  let hash = length
  let at = 0
  // Ids are nearly always ASCII: then code units are the bytes and nothing is allocated.
  while (at + 4 <= length) {
    const a = input.charCodeAt(at)
    const b = input.charCodeAt(at + 1)
    const c = input.charCodeAt(at + 2)
    const d = input.charCodeAt(at + 3)
    if ((a | b | c | d) > 0x7f) return hashBytes(utf8(input))
    hash = mixWord(hash, a | (b << 8) | (c << 16) | (d << 24))
    at += 4
  }
  let tail = 0
  for (let i = length - 1; i >= at; i -= 1) {
    const code = input.charCodeAt(i)
    if (code > 0x7f) return hashBytes(utf8(input))
    tail = (tail << 8) | code
  }
  return finish(at < length ? Math.imul(hash ^ tail, multiplier) : hash)
}

function hashBytes(bytes: Uint8Array): number {
  const length = bytes.length
  let hash = length
  let at = 0
  for (; at + 4 <= length; at += 4) {
    const word =
      byte(bytes, at) | (byte(bytes, at + 1) << 8) | (byte(bytes, at + 2) << 16) | (byte(bytes, at + 3) << 24)
    hash = mixWord(hash, word)
  }
  let tail = 0
  for (let i = length - 1; i >= at; i -= 1) tail = (tail << 8) | byte(bytes, i)
  return finish(at < length ? Math.imul(hash ^ tail, multiplier) : hash)
}

function byte(bytes: Uint8Array, at: number): number {
  return bytes[at] ?? 0
}

function mixWord(hash: number, word: number): number {
  let k = Math.imul(word, multiplier)
  k ^= k >>> 24
  return Math.imul(hash, multiplier) ^ Math.imul(k, multiplier)
}

function finish(hash: number): number {
  let h = hash
  h ^= h >>> 13
  h = Math.imul(h, multiplier)
  h ^= h >>> 15
  return h >>> 0
}

/** UTF-8 bytes of a text; a lone surrogate becomes U+FFFD as everywhere on the web. */
function utf8(text: string): Uint8Array {
  const bytes: number[] = []
  for (const character of text) {
    let code = character.codePointAt(0) ?? 0
    if (code >= 0xd800 && code <= 0xdfff) code = 0xfffd
    if (code < 0x80) bytes.push(code)
    else if (code < 0x800) bytes.push(0xc0 | (code >> 6), 0x80 | (code & 63))
    else if (code < 0x10000) bytes.push(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63))
    else bytes.push(0xf0 | (code >> 18), 0x80 | ((code >> 12) & 63), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63))
  }
  return Uint8Array.from(bytes)
}
