/** Worlds that need no file. */
export const worldNames = ['healthy', 'errors-doubled', 'slower', 'dead', 'drift', 'late-onset', 'low-traffic'] as const
export type WorldName = (typeof worldNames)[number]

/** The most of each that one simulation may ask for. */
export const simulationLimits = { seeds: 1_000, hours: 720, releaseHours: 100_000 } as const
