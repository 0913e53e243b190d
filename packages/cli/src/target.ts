import { SerinError, type Rollout } from '@serin/spec'
import type { Client } from '@serin/sdk'

/** The service that is meant: the one named, or the only one there is. Throws `service.not-found` or `usage.invalid`. */
export async function serviceNamed(client: Client, name: string | undefined): Promise<string> {
  if (name !== undefined) return name
  const { services } = await client.listServices({})
  const [only, ...others] = services.map((service) => service.name)
  if (only === undefined)
    throw new SerinError(
      'service.not-found',
      'There is no service yet. Apply a release file first: serin apply -f serin.yaml.',
    )
  if (others.length > 0)
    throw new SerinError('usage.invalid', `There are several services; name one of ${[only, ...others].join(', ')}.`)
  return only
}

/** Whether a word names a coupled release: no service and no rollout can be called so. */
export function isReleaseId(name: string | undefined): name is string {
  return name?.startsWith('release:') === true
}

/** The rollout that is meant: by its id, or the latest of a service. */
export async function rolloutNamed(client: Client, name: string | undefined): Promise<Rollout> {
  return await client.getRollout({ rollout: await serviceNamed(client, name) })
}
