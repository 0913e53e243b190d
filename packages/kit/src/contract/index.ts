export { routerContract } from './router.ts'
export type { RouterTest, RouterUnderTest, Skip } from './router.ts'
