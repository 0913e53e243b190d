import cluster from 'node:cluster'
import type { AddressInfo, Server } from 'node:net'

/**
 * Whether several processes can listen at one address, each with connections of its own. Where they cannot, Node's primary process takes the
 * connections of its workers and hands them round.
 */
const sharesAddress = process.platform === 'linux' && isAtLeast(23, 1)

/** Starts to take connections; rejects with Node's own error when it cannot listen. */
export async function listenOn(server: Server, host: string, port: number): Promise<AddressInfo> {
  const own = cluster.isWorker && sharesAddress ? { exclusive: true, reusePort: true } : {}
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port, backlog: 1_024, ...own }, () => {
      server.off('error', reject)
      resolve()
    })
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no address')
  return address
}

function isAtLeast(major: number, minor: number): boolean {
  const [ownMajor = 0, ownMinor = 0] = process.versions.node.split('.').map(Number)
  return ownMajor > major || (ownMajor === major && ownMinor >= minor)
}
