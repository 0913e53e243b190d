/** A program that tests run for real, and the Debian package it comes from. */
export interface Need {
  readonly command: string
  readonly debianPackage: string
  /** Which test wants it, and what is not proved without it. */
  readonly why: string
}

/** What a machine needs so that no test is skipped. */
export const needs: readonly Need[] = [
  {
    command: 'nginx',
    debianPackage: 'nginx-light',
    why: 'e2e/src/nginx-hash.test.ts asks a real nginx which version each of 4000 units gets; without it only recorded answers are compared',
  },
]
