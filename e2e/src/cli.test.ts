/** The command line as processes: a control plane in the foreground, a real gateway, real traffic, and the exit codes CI trusts. */
import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, createServer, get, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { until } from './harness/until.ts'

const main = fileURLToPath(import.meta.resolve('@serin/cli'))

/** One command line as a process of its own, in a group of its own: what a terminal starts. */
class Cli {
  readonly child: ChildProcess
  stdout = ''
  stderr = ''
  readonly #closed: Promise<unknown>

  constructor(cwd: string, ...words: readonly string[]) {
    this.child = spawn(process.execPath, [main, ...words], {
      cwd,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env['PATH'], HOME: cwd },
    })
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.stdout += text))
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.stderr += text))
    this.#closed = once(this.child, 'close')
  }

  /** The exit code, once it has ended. */
  async code(): Promise<number | null> {
    await this.#closed
    return this.child.exitCode
  }

  /** Ctrl-C reaches every process of the group. */
  interrupt(signal: NodeJS.Signals = 'SIGINT'): void {
    const { pid, exitCode, signalCode } = this.child
    if (pid !== undefined && exitCode === null && signalCode === null) process.kill(-pid, signal)
  }

  async says(what: RegExp): Promise<void> {
    await until(`${what} in: ${this.stdout}${this.stderr}`, () => what.test(this.stdout + this.stderr))
  }
}

interface Version {
  readonly server: Server
  readonly url: string
}

/** A version that answers, fails every so often, or, at /hang, never answers. */
async function serve(name: string, failRatio: number): Promise<Version> {
  let turn = 0
  const server = createServer((request, response) => {
    if (request.url === '/hang') return
    turn += 1
    const fails = failRatio > 0 && request.url !== '/health' && turn % Math.round(1 / failRatio) === 0
    response.writeHead(fails ? 500 : 200)
    response.end(name)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  assert.ok(address !== null && typeof address === 'object')
  return { server, url: `http://127.0.0.1:${address.port}` }
}

const directory = mkdtempSync(join(tmpdir(), 'serin-cli-e2e-'))
const data = join(directory, '.serin')
const versions: Version[] = []
const started: Cli[] = []
const agent = new Agent({ keepAlive: true, maxSockets: 64 })
let traffic: NodeJS.Timeout | undefined

function serin(...words: readonly string[]): Cli {
  const cli = new Cli(directory, ...words)
  started.push(cli)
  return cli
}

async function ran(...words: readonly string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const cli = serin(...words)
  const code = await cli.code()
  return { code, stdout: cli.stdout, stderr: cli.stderr }
}

async function up(...words: readonly string[]): Promise<Cli> {
  const cli = serin('up', '--port', '0', ...words)
  await cli.says(/Serin is up\./)
  return cli
}

const serviceFile = (good: readonly string[], bad: string) => `serin: v1
services:
${['shop', 'slow']
  .map(
    (name) => `  ${name}:
    listen: 0
    unit: [{ header: x-user }]
    workload: { kind: endpoints, ready: { path: /health }, live: { path: /health } }
    stable: v1
    versions:
      v1: { endpoints: ['${good[0]}'] }
      v2: { endpoints: ['${good[1]}'] }
      bad: { endpoints: ['${bad}'] }
    strategy:
      kind: canary
      steps: [{ weight: 20%, hold: ${name === 'slow' ? '30m' : '1s'} }, { weight: 50%, hold: 1s }]
    metrics:
      errors: { kind: errors, marginAbsolute: 20% }
    analysis: { minUnits: 20, warmUp: 0s }
`,
  )
  .join('')}`

interface Status {
  readonly address: string
  readonly stable: string
  readonly versions: readonly { name: string; workload: string }[]
}

async function statusOf(service: string): Promise<Status> {
  const { code, stdout, stderr } = await ran('status', service, '-o', 'json')
  assert.equal(code, 0, stderr)
  return JSON.parse(stdout) as Status
}

/** A hundred requests each second to both services, from a thousand users; failures of the gateway itself are counted. */
let lost = 0
async function startTraffic(): Promise<void> {
  const addresses = [(await statusOf('shop')).address, (await statusOf('slow')).address]
  let turn = 0
  traffic = setInterval(() => {
    for (const address of addresses) {
      turn += 1
      get(address, { agent, headers: { 'x-user': `u${turn % 1_000}` } }, (answer) => answer.resume()).on(
        'error',
        () => (lost += 1),
      )
    }
  }, 10)
}

/** Processes that know of the directory of this test, other than this one. */
function leftovers(): readonly string[] {
  return readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid) && Number(pid) !== process.pid)
    .flatMap((pid) => {
      try {
        const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
        return line.includes(directory) ? [`${pid} ${line}`] : []
      } catch {
        return []
      }
    })
}

const nothingLeft = () =>
  until(`nothing of ${directory} to run: ${leftovers().join('; ')}`, () => leftovers().length === 0)

before(async () => {
  versions.push(await serve('v1', 0), await serve('v2', 0), await serve('bad', 0.5))
  const [v1, v2, bad] = versions.map(({ url }) => url)
  writeFileSync(join(directory, 'serin.yaml'), serviceFile([v1 ?? '', v2 ?? ''], bad ?? ''))
})

after(async () => {
  clearInterval(traffic)
  agent.destroy()
  for (const cli of started) cli.interrupt('SIGKILL')
  for (const line of leftovers()) process.kill(Number(line.split(' ')[0]), 'SIGKILL')
  for (const { server } of versions) {
    server.close()
    server.closeAllConnections()
  }
  await nothingLeft()
  rmSync(directory, { recursive: true, force: true })
})

let plane: Cli

test('up: says where it listens and where the token is, and applies the file', async () => {
  plane = await up()
  assert.match(plane.stdout, /API +http:\/\/127\.0\.0\.1:\d+\n/)
  assert.match(plane.stdout, new RegExp(`token +${join(data, 'token')}\n`))
  assert.match(plane.stdout, /service +shop http:\/\/127\.0\.0\.1:\d+\n +service +slow http:/)
  assert.doesNotMatch(plane.stdout, new RegExp(readFileSync(join(data, 'token'), 'utf8').trim()))
  await plane.says(/shop v1 is ready \(1 replica\)/)
  await startTraffic()
})

test('release --wait of a good version: promoted, exit code 0, progress line by line', async () => {
  const { code, stdout, stderr } = await ran('release', 'shop', '--to', 'v2', '--wait', '--timeout', '3m')
  assert.equal(code, 0, stdout + stderr)
  assert.match(stdout, /^● shop-1: v2 is promoted and has all traffic\.\n$/)
  // How it starts can be over before anybody looks.
  assert.match(stderr, /▲ (Starting|Watching) v2/)
  assert.match(stderr, /Watching v2 at 20 %/)
  assert.match(stderr, /Watching v2 at 50 %/)
  assert.match(plane.stderr, /shop-1 admin: release of v2/)
})

test('release --wait of a version that fails: rolled back, exit code 2, and explain says why', async () => {
  const { code, stdout } = await ran('release', 'shop', '--to', 'bad', '--wait', '-o', 'json')
  const rollout = JSON.parse(stdout) as { phase: string; reason: string; judgement: { forWeightBp: number } }
  assert.deepEqual([code, rollout.phase, rollout.reason], [2, 'rolled-back', 'harmful'])
  const explained = await ran('explain', 'shop')
  assert.match(explained.stdout, /bad was rolled back \(harmful\); v2 has all traffic/)
  assert.match(explained.stdout, /errors {2}guardrail {2}■ harm/)
})

test('undo: the version before has all traffic again', async () => {
  assert.equal((await ran('undo', 'shop', '--why', 'regret')).code, 0)
  assert.equal((await ran('status', 'shop', '-w', '--timeout', '1m')).code, 0)
  assert.equal((await statusOf('shop')).stable, 'v1')
})

test('release --wait that is not over in time: exit code 3, and the rollout goes on', async () => {
  const { code, stdout, stderr } = await ran('release', 'slow', '--to', 'v2', '--wait', '--timeout', '3s')
  assert.equal(code, 3)
  assert.match(stdout, /slow-1: /)
  assert.match(stderr, /Not over within the time\. The rollout goes on: serin watch slow/)
})

test('waiting and watching outlive a control plane that is killed; abort ends both as it should', async () => {
  const waiting = serin('status', 'slow', '-w', '--timeout', '5m')
  const watching = serin('watch', 'slow')
  for (const cli of [waiting, watching]) await cli.says(/Watching v2 at 20 %/)
  plane.interrupt('SIGKILL')
  await plane.code()
  for (const cli of [waiting, watching]) await cli.says(/The control plane does not answer; traffic goes on without it/)
  plane = await up()
  assert.equal((await ran('abort', 'slow', '--why', 'enough')).code, 0)
  assert.equal(await waiting.code(), 2)
  assert.match(waiting.stdout, /slow-1: v2 was rolled back \(aborted\); v1 has all traffic: enough/)
  await watching.says(/v2 was rolled back \(aborted\)/)
  watching.interrupt()
  assert.equal(await watching.code(), 0)
})

test('Ctrl-C while waiting: the wait ends, the rollout does not', async () => {
  const waiting = serin('release', 'slow', '--to', 'v2', '--wait')
  await waiting.says(/Watching v2 at 20 %/)
  waiting.interrupt()
  assert.equal(await waiting.code(), 130)
  assert.match(waiting.stderr, /The rollout goes on/)
  assert.equal((await ran('abort', 'slow')).code, 0)
})

test('what cannot start says why and what to do, and leaves what runs alone', async () => {
  const { port } = new URL(versions[0]?.url ?? '')
  const elsewhere = join(directory, 'elsewhere')
  const taken = await ran('up', '--port', port, '--data', elsewhere, '-f', 'serin.yaml')
  assert.equal(taken.code, 1)
  assert.match(taken.stderr, new RegExp(`Something else listens on 127\\.0\\.0\\.1:${port}\\. \\[port\\.in-use\\]`))
  assert.match(taken.stderr, / {2}do {3}Stop what listens there, or choose another port\./)
  const twice = await ran('up', '--port', '0')
  assert.equal(twice.code, 1)
  assert.match(twice.stderr, /\[data-directory\.in-use\]\n[^]* {2}do {3}Another control plane uses this data directory/)
  const text = readFileSync(join(directory, 'serin.yaml'), 'utf8')
  writeFileSync(join(directory, 'typo.yaml'), text.replace('strategy:', 'stratgy:'))
  const typo = await ran('up', '--port', '0', '--data', elsewhere, '-f', 'typo.yaml')
  assert.equal(typo.code, 1)
  assert.match(typo.stderr, /typo\.yaml:\d+:5: services\.shop\.stratgy: .* Did you mean strategy\?/)
  writeFileSync(join(directory, 'port.yaml'), text.replace('listen: 0', `listen: ${port}`))
  const gateway = await ran('up', '--port', '0', '--data', elsewhere, '-f', 'port.yaml')
  assert.equal(gateway.code, 1)
  assert.match(gateway.stderr, /The gateway of shop cannot listen on 127\.0\.0\.1:\d+.*\[gateway\.port-in-use\]/)
  assert.ok(
    leftovers().every((line) => !line.includes(elsewhere)),
    'nothing of a failed start runs',
  )
  assert.equal((await statusOf('shop')).stable, 'v1')
})

test('up --keep: after Ctrl-C the traffic goes on; the next up takes it over', async () => {
  plane.interrupt('SIGKILL')
  await plane.code()
  plane = await up('--keep')
  const { address } = await statusOf('shop')
  plane.interrupt()
  assert.equal(await plane.code(), 0)
  assert.match(plane.stderr, /Gateways and replicas go on; "serin up" takes them over again\./)
  assert.equal(await ask(address), 'v1')
  plane = await up()
  assert.equal((await statusOf('shop')).address, address)
  assert.equal(lost, 0, 'requests that were lost in all of the above')
})

test('Ctrl-C: open requests are finished first, a second Ctrl-C ends them; nothing is left running', async () => {
  clearInterval(traffic)
  const { address } = await statusOf('shop')
  const hanging = get(`${address}/hang`, { agent: false }).on('error', () => undefined)
  await until('the request to arrive', async () => {
    const { stdout } = await ran('get', 'versions', 'shop', '-o', 'json')
    return (JSON.parse(stdout) as { versions: { inFlight: number }[] }).versions.some(({ inFlight }) => inFlight > 0)
  })
  plane.interrupt()
  await plane.says(/Stopping; Ctrl-C again ends open requests at once/)
  await plane.says(/The gateway of slow has stopped\./)
  assert.ok(leftovers().length > 0, 'the gateway of shop waits for the open request')
  plane.interrupt()
  assert.equal(await plane.code(), 0)
  assert.match(
    plane.stderr,
    /Ending at once\.\n[^]*The gateway of shop has stopped\.[^]*Stopped\. Nothing is left running\.\n$/,
  )
  hanging.destroy()
  await nothingLeft()
  assert.ok(!existsSync(join(data, 'control-plane.json')))
  const { code, stderr } = await ran('status')
  assert.equal(code, 1)
  assert.match(stderr, /\[control-plane\.unreachable\]/)
})

async function ask(address: string): Promise<string> {
  return await new Promise((done, fail) => {
    get(address, { agent: false }, (answer) => {
      let text = ''
      answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      answer.on('end', () => done(text))
    }).on('error', fail)
  })
}
