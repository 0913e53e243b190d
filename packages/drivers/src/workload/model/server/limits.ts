/** Largest request body, in bytes. */
export const bodyBytesMax = 64 * 1_048_576

/** Largest model file, in bytes: the format itself ends here. */
export const modelBytesMax = 2_147_483_647

/** Largest `warmup.json`, in bytes. */
export const warmUpBytesMax = 16 * 1_048_576

/** How long a model is exercised before it counts as ready, after each request has run once. */
export const warmUpMs = 150

/** How many runs a warm-up takes at most. */
export const warmUpRuns = 200

/** How long an idle connection is kept: longer than any proxy in front keeps it. */
export const keepAliveMs = 75_000
