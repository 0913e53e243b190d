/** An issuer of tokens with a real address for its keys. Tokens are signed by a library that is not ours. */
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import type { CryptoKey, JWK } from 'jose'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { Server, ServerResponse } from 'node:http'

/** An issuer that a test can rotate, hang and end. */
export interface Issuer extends AsyncDisposable {
  readonly url: string
  /** How often its keys were fetched. */
  fetches(): number
  /** Adds a key and takes all others away, if asked. */
  rotate(id: string, how?: { readonly algorithm?: string; readonly keepOthers?: boolean }): Promise<void>
  /** From now on it takes connections and says nothing; `answer` ends that. */
  hang(): void
  answer(): void
  sign(
    claims: Readonly<Record<string, unknown>>,
    more?: { readonly id?: string; readonly life?: string },
  ): Promise<string>
}

/** Opens an issuer with one key. */
export async function openIssuer(): Promise<Issuer> {
  const keys = new Map<string, { readonly secret: CryptoKey; readonly jwk: JWK; readonly algorithm: string }>()
  const waiting: ServerResponse[] = []
  let [fetches, hanging, latest] = [0, false, '']
  const write = (response: ServerResponse): void => {
    if (hanging) waiting.push(response)
    else response.end(JSON.stringify({ keys: [...keys.values()].map(({ jwk }) => jwk) }))
  }
  const server: Server = createServer((_request, response) => {
    fetches += 1
    write(response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const issuer: Issuer = {
    url: `http://127.0.0.1:${port}/keys`,
    fetches: () => fetches,
    rotate: async (id, { algorithm = 'ES256', keepOthers = false } = {}) => {
      const { publicKey, privateKey } = await generateKeyPair(algorithm, { extractable: true })
      if (!keepOthers) keys.clear()
      keys.set(id, { secret: privateKey, jwk: { ...(await exportJWK(publicKey)), kid: id, use: 'sig' }, algorithm })
      latest = id
    },
    hang: () => (hanging = true),
    answer: () => {
      hanging = false
      for (const response of waiting.splice(0)) write(response)
    },
    sign: async (claims, { id = latest, life = '1h' } = {}) => {
      const key = keys.get(id)
      if (key === undefined) throw new Error(`no key ${id}`)
      return await new SignJWT({ ...claims })
        .setProtectedHeader({ alg: key.algorithm, kid: id })
        .setExpirationTime(life)
        .sign(key.secret)
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  await issuer.rotate('first')
  return issuer
}
