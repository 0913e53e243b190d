/** Where a control plane answers, and as whom it is asked: with a token or, from a page it served itself, with the browser's session. */
export type ClientOptions =
  | { readonly url: string; readonly token: string }
  | { readonly url: string; readonly session: string }

/** The headers that say who asks. */
export function whoAsks(options: ClientOptions): Readonly<Record<string, string>> {
  return 'token' in options ? { authorization: `Bearer ${options.token}` } : { 'serin-page': options.session }
}
