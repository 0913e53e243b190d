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

/** Units up to this length find the salt mixed already. */
const preparedLengths = 64

/**
 * The hash of `salt + unit`, ready for many units of one salt: nothing is put together, and the words of the salt are mixed beforehand, for
 * each length, since the length of the whole goes in first.
 */
export function compileHash(salt: string): (unit: string) => number {
  const bytes = utf8(salt)
  const words = Int32Array.from({ length: bytes.length >> 2 }, (_, i) => mixed(wordAt(bytes, i * 4)))
  const begun = (length: number): number =>
    words.reduce((hash, word) => Math.imul(hash, multiplier) ^ word, bytes.length + length)
  const prepared = Int32Array.from({ length: preparedLengths }, (_, length) => begun(length))
  // What is left of the salt shares a word with the first bytes of the unit, and so on to the end.
  const left = 8 * (bytes.length & 3)
  const right = 32 - left
  const carries = left === 0 ? 0 : -1
  const rest = wordAt(bytes, words.length * 4)
  return (unit) => {
    const { length } = unit
    let hash = prepared[length] ?? begun(length)
    let carried = rest
    let bits = 0
    let at = 0
    for (; at + 4 <= length; at += 4) {
      const a = unit.charCodeAt(at)
      const b = unit.charCodeAt(at + 1)
      const c = unit.charCodeAt(at + 2)
      const d = unit.charCodeAt(at + 3)
      bits |= a | b | c | d
      const word = a | (b << 8) | (c << 16) | (d << 24)
      hash = mixWord(hash, carried | (word << left))
      carried = (word >>> right) & carries
    }
    let tail = 0
    let open = left
    for (; at < length; at += 1) {
      const code = unit.charCodeAt(at)
      bits |= code
      tail |= code << (open - left)
      open += 8
    }
    if (bits > 0x7f) return murmurHash2(salt + unit)
    carried |= tail << left
    if (open >= 32) {
      hash = mixWord(hash, carried)
      carried = (tail >>> right) & carries
    }
    return finish((open & 31) > 0 ? Math.imul(hash ^ carried, multiplier) : hash)
  }
}

/** The four bytes from `at` on as a word; what is beyond the end counts as 0. */
function wordAt(bytes: Uint8Array, at: number): number {
  return byte(bytes, at) | (byte(bytes, at + 1) << 8) | (byte(bytes, at + 2) << 16) | (byte(bytes, at + 3) << 24)
}

function hashBytes(bytes: Uint8Array): number {
  const length = bytes.length
  let hash = length
  let at = 0
  for (; at + 4 <= length; at += 4) hash = mixWord(hash, wordAt(bytes, at))
  return finish(at < length ? Math.imul(hash ^ wordAt(bytes, at), multiplier) : hash)
}

function byte(bytes: Uint8Array, at: number): number {
  return bytes[at] ?? 0
}

function mixWord(hash: number, word: number): number {
  return Math.imul(hash, multiplier) ^ mixed(word)
}

function mixed(word: number): number {
  const k = Math.imul(word, multiplier)
  return Math.imul(k ^ (k >>> 24), multiplier)
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
