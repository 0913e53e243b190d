import { networksOf } from '@serin/spec'
import { BlockList, isIP } from 'node:net'
import { bareAddress } from '../address.ts'
import { Recent } from '../lookups/recent.ts'

const rememberedAddresses = 4_096

/** Who is believed in what they say of a client. */
export class Proxies {
  /** Whether anybody is. */
  readonly any: boolean
  readonly #list = new BlockList()
  readonly #recent = new Recent<boolean>(rememberedAddresses)

  constructor(proxies: readonly string[]) {
    this.any = proxies.length > 0
    for (const proxy of networksOf(proxies)) {
      const [address = '', bits] = proxy.split('/')
      const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
      if (bits === undefined) this.#list.addAddress(address, family)
      else this.#list.addSubnet(address, Number(bits), family)
    }
  }

  /** Whether who has this address is one of them. */
  includes(address: string): boolean {
    if (!this.any) return false
    const known = this.#recent.get(address)
    if (known !== undefined) return known
    const family = isIP(address)
    // What is no address is not kept either: it may be anything, at any length.
    if (family === 0) return false
    const included = this.#list.check(address, family === 6 ? 'ipv6' : 'ipv4')
    this.#recent.set(address, included)
    return included
  }

  /** The client behind one of them: of what was forwarded, the last address that is none of them. */
  clientBehind(peer: string, forwardedFor: string | undefined): string {
    if (forwardedFor === undefined) return peer
    let client = peer
    for (const hop of forwardedFor.split(',').toReversed()) {
      const address = bareAddress(hop)
      if (isIP(address) === 0) break
      client = address
      if (!this.includes(address)) break
    }
    return client
  }
}
