import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { testBothLanes } from '../testing/lanes.ts'
import { openWorld, tableOf, until } from '../testing/servers.ts'

const count = 1_000

testBothLanes('a thousand requests in one write of who does not read are under way a few at a time', async () => {
  await using world = await openWorld()
  let [now, most, served] = [0, 0, 0]
  const v1 = await world.upstream((_request, response) => {
    now += 1
    most = Math.max(most, now)
    setImmediate(() => {
      now -= 1
      served += 1
      response.end('ok')
    })
  })
  const gateway = await world.gateway()
  await gateway.apply(tableOf(1, 0, { v1: [v1], v2: [] }))
  const { hostname, port } = new URL(gateway.identity.address)
  const client = connect(Number(port), hostname)
  client.on('error', () => {}).pause()
  client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(count))
  await until('the first are served', () => served > 0)
  let answers = ''
  client.setEncoding('latin1').on('data', (text: string) => (answers += text))
  await until('all are served', () => served === count)
  client.resume()
  await until('all are answered', () => answers.split('HTTP/1.1 200').length - 1 === count)
  assert.ok(most <= 16, `${most} at once`)
  await until('nothing is in flight', () => gateway.report().inFlight['v1'] === 0)
  client.destroy()
})

testBothLanes('of many requests of who has left, those that had to wait ask nobody', async () => {
  await using world = await openWorld()
  let asked = 0
  const v1 = await world.upstream(() => void (asked += 1))
  const gateway = await world.gateway()
  await gateway.apply(tableOf(1, 0, { v1: [v1], v2: [] }))
  const { hostname, port } = new URL(gateway.identity.address)
  const client = connect(Number(port), hostname)
  client.on('error', () => {})
  client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(count))
  await until('some are under way', () => asked > 0)
  client.destroy()
  await until('nothing is in flight', () => gateway.report().inFlight['v1'] === 0)
  assert.ok(asked <= 16, `${asked} were asked`)
})
