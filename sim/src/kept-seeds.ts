/** A rollout that broke a promise once. */
export interface KeptSeed {
  readonly world: string
  readonly seed: number
  /** What was wrong, in a line. */
  readonly why: string
}

/** Seeds that found a defect, kept so that they never find it again. */
export const keptSeeds: readonly KeptSeed[] = [
  {
    world: 'surge-bad-day',
    seed: 3,
    why: 'A full disk gave stable all traffic at once, though the rollout had taken half of its copies.',
  },
  {
    world: 'queued-bad-day',
    seed: 1,
    why: 'A router that took a table with the shares of the one before was never sent it again.',
  },
  {
    world: 'rolling-bad-day',
    seed: 10_036,
    why: 'Another release in the middle of a rolling one gave stable all traffic at once, though it had few copies left.',
  },
  {
    world: 'rolling-taken-over',
    seed: 10_870,
    why: 'Copies of stable were ended because a router said that it sent them nothing, and did.',
  },
  {
    world: 'composite-taken-over',
    seed: 12,
    why: 'Evidence from before a linear switch, read late, let it begin 13 seconds ahead of its schedule.',
  },
  {
    world: 'shadow-bad-day',
    seed: 300_058,
    why: 'A slot of a gateway that had started anew, read again after one of the new life, counted twice.',
  },
]
