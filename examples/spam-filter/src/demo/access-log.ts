import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'

/** When the gateway last assigned a request to the version, by its own log (ms since the epoch), or null when it never did. */
export async function lastRequestTo(version: string, file: string): Promise<number | null> {
  let last: number | null = null
  for await (const line of createInterface({ input: createReadStream(file) })) {
    const [at, name, , shielded] = line.split(' ')
    // A request is logged when it ends: lines are not in the order in which requests began.
    const assigned = shielded ?? name
    if (assigned === version && Number(at) > (last ?? 0)) last = Number(at)
  }
  return last
}
