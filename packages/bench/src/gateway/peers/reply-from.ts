import replyFrom from '@fastify/reply-from'
import fastify from 'fastify'
import type { Peer } from './peer.ts'

/** `@fastify/reply-from` on Fastify as its page shows it, with undici as client. */
export const peer: Peer = async (choose) => {
  const app = fastify({ logger: false })
  await app.register(replyFrom)
  app.all('/*', (request, reply) => {
    void reply.from(choose(request.headers.cookie) + request.url)
  })
  return Number(new URL(await app.listen({ port: 0, host: '127.0.0.1' })).port)
}
