export * from './client.ts'
export type { Sign } from './event-source.ts'
export * from './session.ts'
export type { ClientOptions } from './who-asks.ts'
