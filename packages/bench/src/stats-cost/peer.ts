/** The functions of Cephes (the C library of Moshier, compiled for JavaScript by the npm package `cephes`) that the tests are compared with. */
export interface Cephes {
  readonly ndtri: (p: number) => number
  readonly chdtrc: (df: number, x: number) => number
  readonly incbet: (a: number, b: number, x: number) => number
  readonly incbi: (a: number, b: number, p: number) => number
}

/** The library, or null where it is not installed: only those who develop Serin have it. */
export async function loadCephes(): Promise<Cephes | null> {
  try {
    const { default: library } = await import('cephes')
    await library.compiled
    return library
  } catch {
    return null
  }
}
