/** A tiny writer of the MaxMind DB format 2.0, from its public specification: enough for a database of countries that a test makes up. */

const recordBytes = 3 // 24-bit records
const types = { text: 2, uint16: 5, uint32: 6, map: 7, uint64: 9, list: 11 } as const

/** A database that says which country each network is in; networks are IPv4 (`81.2.0.0/16`) or IPv6 (`2001:db8::/32`). */
export function countryDatabase(networks: Readonly<Record<string, string>>): Buffer {
  const data: Buffer[] = []
  let dataBytes = 0
  const nodes: [number | null, number | null][] = [[null, null]]
  const leaves: { readonly at: number; readonly side: 0 | 1; readonly offset: number }[] = []
  for (const [network, code] of Object.entries(networks)) {
    const record = encode({ country: { iso_code: code, names: { en: `Land ${code}` } } })
    const offset = dataBytes
    data.push(record)
    dataBytes += record.length
    const bits = bitsOf(network)
    let at = 0
    for (const [i, bit] of bits.entries()) {
      const node = nodes[at] ?? [null, null]
      if (i === bits.length - 1) {
        leaves.push({ at, side: bit, offset })
        break
      }
      node[bit] ??= nodes.push([null, null]) - 1
      at = node[bit]
    }
  }
  const count = nodes.length
  for (const { at, side, offset } of leaves) (nodes[at] ?? [null, null])[side] = count + 16 + offset
  const tree = Buffer.alloc(count * 2 * recordBytes)
  for (const [i, [left, right]] of nodes.entries()) {
    tree.writeUIntBE(left ?? count, i * 6, recordBytes)
    tree.writeUIntBE(right ?? count, i * 6 + recordBytes, recordBytes)
  }
  const metadata = encode({
    binary_format_major_version: { uint16: 2 },
    binary_format_minor_version: { uint16: 0 },
    build_epoch: { uint64: 1_700_000_000 },
    database_type: 'Test-Country',
    description: { en: 'Made up for a test' },
    ip_version: { uint16: 6 },
    languages: ['en'],
    node_count: { uint32: count },
    record_size: { uint16: recordBytes * 8 },
  })
  return Buffer.concat([tree, Buffer.alloc(16), ...data, Buffer.from('\xab\xcd\xefMaxMind.com', 'latin1'), metadata])
}

/** The bits of a network, as an IPv6 one: an IPv4 network lies under `::/96`. */
function bitsOf(network: string): (0 | 1)[] {
  const [address = '', length = ''] = network.split('/')
  const bytes = address.includes(':')
    ? ipv6(address)
    : [...Array<number>(12).fill(0), ...address.split('.').map(Number)]
  const count = Number(length) + (address.includes(':') ? 0 : 96)
  return Array.from({ length: count }, (_, i) => (((bytes[i >> 3] ?? 0) >> (7 - (i & 7))) & 1) as 0 | 1)
}

function ipv6(address: string): number[] {
  const [head = '', tail = ''] = address.split('::')
  const words = (text: string): number[] =>
    text === '' ? [] : text.split(':').map((word) => Number.parseInt(word, 16))
  const [front, back] = [words(head), words(tail)]
  return [...front, ...Array<number>(8 - front.length - back.length).fill(0), ...back].flatMap((word) => [
    word >> 8,
    word & 255,
  ])
}

type Value = string | readonly string[] | { readonly [key: string]: Value | number }

function encode(value: Value): Buffer {
  if (typeof value === 'string') return field(types.text, Buffer.from(value))
  if (Array.isArray(value)) return Buffer.concat([control(types.list, value.length), ...value.map(encode)])
  const [[kind, number] = ['', '']] = Object.entries(value)
  if (typeof number === 'number') {
    const bytes = Buffer.alloc(8)
    bytes.writeBigUInt64BE(BigInt(number))
    const from = bytes.findIndex((byte) => byte !== 0)
    return field(types[kind as 'uint16'], from < 0 ? Buffer.alloc(0) : bytes.subarray(from))
  }
  const entries = Object.entries(value as Readonly<Record<string, Value>>)
  return Buffer.concat([
    control(types.map, entries.length),
    ...entries.flatMap(([key, each]) => [field(types.text, Buffer.from(key)), encode(each)]),
  ])
}

function field(type: number, bytes: Buffer): Buffer {
  return Buffer.concat([control(type, bytes.length), bytes])
}

function control(type: number, size: number): Buffer {
  if (size > 28) throw new RangeError('a test needs no longer values')
  return Buffer.from(type > 7 ? [size, type - 7] : [(type << 5) | size])
}
