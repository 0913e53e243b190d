/** Something that does not fit elsewhere in the file. */
export interface Issue {
  readonly path: readonly PropertyKey[]
  readonly message: string
  readonly nearest?: string
}
