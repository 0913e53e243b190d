import { readJson } from '@serin/gateway'

/** Reads what an earlier control plane remembered of a proxy, or null when there is nothing, or nothing that has all of these fields. */
export async function readStateOf<State extends object>(
  file: string,
  fields: readonly (keyof State & string)[],
): Promise<State | null> {
  const isState = (value: unknown): value is State =>
    typeof value === 'object' && value !== null && fields.every((name) => name in value)
  const value = await readJson(file)
  return isState(value) ? value : null
}
