import { clientClaims } from '@serin/spec'

/** What else may be said of a client and its way than address, protocol and host: the gateway passes it on of those only that are believed, and so do proxies. */
export const claims: readonly string[] = ['forwarded', ...clientClaims]
