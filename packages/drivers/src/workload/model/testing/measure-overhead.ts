/** Prints what serving a model costs beyond running it: `node packages/drivers/src/workload/model/testing/measure-overhead.ts [requests]`. */
import { readFile, writeFile } from 'node:fs/promises'
import { Agent, request as httpRequest } from 'node:http'
import { join } from 'node:path'
import type { Tensor } from '../protocol/datatype.ts'
import { renderInferRequest } from '../protocol/message.ts'
import { openEngine } from '../server/engine.ts'
import { startModelProcess, temporaryDirectory } from './model-process.ts'
import { linearModel } from './tiny-onnx.ts'

const requests = Number(process.argv[2] ?? 20_000)
/** Of `/proc/PID/stat`: what Linux has been counting in for a long time. */
const tickMs = 10

const row: Tensor = { name: 'x', datatype: 'FP32', shape: [1, 2], data: new Float32Array([1, 2]) }
const rows: Tensor = { name: 'x', datatype: 'FP32', shape: [500, 2], data: new Float32Array(1_000).fill(0.1) }

async function cpuMs(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * tickMs
}

async function residentMiB(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1_024)
}

const agent = new Agent({ keepAlive: true, maxSockets: 8 })

async function ask(url: string, body: Buffer, headers: Readonly<Record<string, string>>): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const request = httpRequest(url, { method: body.length === 0 ? 'GET' : 'POST', agent, headers }, (response) => {
      response.resume()
      if (response.statusCode === 200) response.on('end', resolve)
      else reject(new Error(`${url} answered ${response.statusCode ?? 0}`))
    })
    request.on('error', reject).end(body)
  })
}

async function measure(name: string, url: string, tensor: Tensor | null, binary: boolean): Promise<void> {
  const { json = '', binary: parts = [] } =
    tensor === null ? {} : renderInferRequest({ id: null, inputs: [tensor], outputs: null, binary })
  const body = Buffer.concat([Buffer.from(json), ...parts])
  const headers: Record<string, string> = binary
    ? { 'inference-header-content-length': String(Buffer.byteLength(json)) }
    : {}
  const clients = async (count: number): Promise<void> => {
    const client = async (): Promise<void> => {
      for (let i = 0; i < count / 8; i += 1) await ask(url, body, headers)
    }
    await Promise.all(Array.from({ length: 8 }, client))
  }
  await clients(requests / 4)
  const [cpu, wall] = [await cpuMs(pid), performance.now()]
  await clients(requests)
  const cpuUs = ((await cpuMs(pid)) - cpu) * 1_000
  const wallUs = (performance.now() - wall) * 1_000
  console.log(
    `${name.padEnd(34)} ${String(Math.round(cpuUs / requests)).padStart(5)} µs CPU, ${String(Math.round(wallUs / requests)).padStart(5)} µs wall per request, ${await residentMiB(pid)} MiB`,
  )
}

async function measureEngine(uri: string): Promise<void> {
  const engine = await openEngine()
  const model = await engine.open(await readFile(uri))
  for (const tensor of [row, rows]) {
    for (let i = 0; i < requests / 4; i += 1) await model.run([tensor], ['y'])
    const started = process.cpuUsage()
    for (let i = 0; i < requests; i += 1) await model.run([tensor], ['y'])
    const { user, system } = process.cpuUsage(started)
    console.log(
      `${`${engine.name} alone, ${tensor.shape[0]} rows`.padEnd(34)} ${String(Math.round((user + system) / requests)).padStart(5)} µs CPU`,
    )
  }
}

await using directory = await temporaryDirectory()
const uri = join(directory.path, 'model.onnx')
await writeFile(uri, linearModel([1, 2, 3, 4], [10, 20]))
await measureEngine(uri)
const started = performance.now()
await using server = await startModelProcess('--model', 'm', '--version', 'v1', '--uri', uri)
await server.ready('/v2/models/m/ready')
const pid = server.child.pid ?? 0
console.log(
  `ready after ${Math.round(performance.now() - started)} ms (${await cpuMs(pid)} ms CPU), ${await residentMiB(pid)} MiB`,
)
await measure('GET /v2/health/live', `${server.base}/v2/health/live`, null, false)
await measure('infer, 1 row, JSON', `${server.base}/v2/models/m/infer`, row, false)
await measure('infer, 1 row, binary', `${server.base}/v2/models/m/infer`, row, true)
await measure('infer, 500 rows, JSON', `${server.base}/v2/models/m/infer`, rows, false)
await measure('infer, 500 rows, binary', `${server.base}/v2/models/m/infer`, rows, true)
agent.destroy()
