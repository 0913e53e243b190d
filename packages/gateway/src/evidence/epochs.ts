const firstMs = 60_000
const growth = 1.5

/** When the epoch after the one that began `beganMs` after the rollout did begins: a minute later at least, then by half of what has passed. */
export function epochEndMs(beganMs: number): number {
  return Math.max(beganMs + firstMs, beganMs * growth)
}
