import type { Limits } from '../limits.ts'

/** The limits of one of several workers: what bounds the gateway as a whole is parted among them. */
export function partOf(limits: Limits, workers: number): Limits {
  const part = (whole: number): number => Math.ceil(whole / workers)
  return {
    ...limits,
    connections: part(limits.connections),
    connectionsPerEndpoint: part(limits.connectionsPerEndpoint),
    mirrorCopies: part(limits.mirrorCopies),
    mirrorBytes: part(limits.mirrorBytes),
  }
}
