/** What else may be said of a client and its way than address, protocol and host: the gateway passes it on of those only that are believed, and so do proxies. */
export const claims = [
  'forwarded',
  'x-forwarded-port',
  'x-forwarded-prefix',
  'x-forwarded-scheme',
  'x-forwarded-server',
  'x-forwarded-ssl',
  'x-real-ip',
] as const
