import { assign, murmurHash2 } from '@serin/core/assignment'
import { writeFile } from 'node:fs/promises'
import { Agent, get } from 'node:http'
import { join } from 'node:path'
import { bodyOf, salt, unitOf, versions } from '../load/requests.ts'
import { openNative } from '../parties/native.ts'
import { nginxArgs, nginxFile, nginxPackage } from '../parties/nginx.ts'
import { freePort } from '../parties/party.ts'
import { shown } from './shape.ts'
import type { Shape, ShapeTable, Stage } from './shape.ts'

const perRequest = 25
const together = 8

/** Shares in basis points, the last of each being nginx's `*`: percents of two decimals are among them. */
const splits = [
  [1, 9_999],
  [3_333, 6_667],
  [1, 3_333, 1_234, 5_432],
].map((shares) => shares.map((weightBp, i) => ({ version: `arm-${i}`, weightBp, endpoints: [] })))

/** Whom Serin gives which version, beside whom a real nginx does by its `split_clients`. */
export const hash: Shape = {
  name: 'hash',
  async measure(stage) {
    const opened = await openNative('nginx-hash', nginxPackage, async (program, directory) => {
      const [port, file] = [await freePort(), join(directory, 'nginx.conf')]
      await writeFile(file, nginxFile(directory, 1, answering(port)))
      return { port, command: [program, ...nginxArgs(directory, file)], more: {} }
    })
    if ('absent' in opened) return []
    try {
      return [await compare(stage, opened.port)]
    } finally {
      await opened.close()
    }
  },
}

async function compare({ quick, progress }: Stage, port: number): Promise<ShapeTable> {
  const units = Array.from({ length: quick ? 1_000 : 100_000 }, (_, i) => unitAt(i))
  const batches = Array.from({ length: units.length / perRequest }, (_, i) =>
    units.slice(i * perRequest, (i + 1) * perRequest),
  )
  const agent = new Agent({ keepAlive: true, maxSockets: together })
  let agreed = 0
  try {
    for (let at = 0; at < batches.length; at += together) {
      progress('nginx', at / batches.length)
      const asked = batches.slice(at, at + together)
      const answers = await Promise.all(asked.map(async (batch) => await ask(port, agent, batch)))
      for (const [i, batch] of asked.entries()) {
        const theirs = (answers[i] ?? '').split(',')
        agreed += batch.filter((unit, k) => theirs[k] === oursOf(unit)).length
      }
    }
  } finally {
    agent.destroy()
  }
  const differ = units.length - agreed
  return {
    title: `Who gets which version: ${units.length} units, ${splits.length} splits, percents of two decimals among them`,
    columns: ['units', 'agree'],
    rows: [{ name: 'nginx', values: [units.length, agreed] }],
    goals: [['% of units like split_clients', Number(shown((100 * agreed) / units.length, 3)), '≥', 100]],
    wrong: differ === 0 ? [] : [`${differ} of ${units.length} units get another version from nginx than from Serin.`],
  }
}

function oursOf(unit: string): string {
  return splits.map((arms) => assign({ salt, arms }, unit)).join(' ')
}

/** Half of them count up, half are without any order. */
function unitAt(i: number): string {
  return i % 2 === 0 ? unitOf(i) : murmurHash2(`${i} unit`).toString(36) + murmurHash2(`unit ${i}`).toString(16)
}

/** Answers what each unit of a request gets in each split. */
function answering(port: number): readonly string[] {
  const at = Array.from({ length: perRequest }, (_, i) => i)
  const blocks = at.flatMap((i) =>
    splits.map((arms, k) => {
      const lines = arms.map(({ version, weightBp }, arm) =>
        arm === arms.length - 1 ? `* ${version};` : `${(weightBp / 100).toFixed(2)}% ${version};`,
      )
      return `split_clients "${salt}\${http_u${i}}" $unit_${i}_${k} { ${lines.join(' ')} }`
    }),
  )
  const each = at.map((i) => splits.map((_, k) => `\${unit_${i}_${k}}`).join(' '))
  return [
    ...blocks,
    'server {',
    `  listen 127.0.0.1:${port};`,
    `  location / { return 200 "${bodyOf(versions.stable)}"; }`,
    `  location /units { return 200 "${each.join(',')}"; }`,
    '}',
  ]
}

async function ask(port: number, agent: Agent, units: readonly string[]): Promise<string> {
  const headers = Object.fromEntries(units.map((unit, i) => [`u${i}`, unit]))
  return await new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, path: '/units', agent, headers }, (response) => {
      let text = ''
      response.setEncoding('latin1').on('data', (chunk: string) => (text += chunk))
      response.on('end', () => resolve(text)).on('error', reject)
    }).on('error', reject)
  })
}
