import { readFile } from 'node:fs/promises'

const requestFile = new URL('request.lua', import.meta.url)

/** The script by which a proxy decides: how requests are read, the same for all, and then what is the proxy's own. */
export async function decideScript(own: URL): Promise<string> {
  return (await readFile(requestFile, 'utf8')) + (await readFile(own, 'utf8'))
}
