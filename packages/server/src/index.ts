export * from './app.ts'
export { openApiDocument } from './open-api.ts'
export * from './server.ts'
export { mayStillRun, whereIs, type Where } from './where-file.ts'
