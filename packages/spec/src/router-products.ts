/** What people call the proxies that a service may name as its router. */
export const productNames = { nginx: 'nginx', haproxy: 'HAProxy', envoy: 'Envoy' } as const
