/** Who asks, and why. */
export interface Asker {
  readonly by: string
  readonly why: string
}
