import type { Service } from '@serin/spec'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { programOf } from '../../proxy/daemon.ts'

/** An nginx as somebody runs it who has never heard of Serin: its own configuration, prefix and pid file. */
export interface UserNginx extends AsyncDisposable {
  /** What the service says of it. */
  readonly settings: NonNullable<Service['nginx']>
  /** Where its own server listens. */
  readonly address: string
  /** Its configuration. */
  readonly conf: string
  /** The folder that Serin may write into. */
  readonly include: string
  start(): Promise<void>
  /** The pid of its master. */
  pid(): Promise<number>
  /** Writes its configuration: the server of its own with these lines in `location /`. */
  say(location: string, more?: { readonly includes?: boolean; readonly main?: string }): Promise<void>
  reload(): Promise<void>
}

/** Starts one whose location says nothing of Serin yet. */
export async function openUserNginx(): Promise<UserNginx> {
  const prefix = await mkdtemp(join(tmpdir(), 'serin-user-nginx-'))
  // Its workers are nobody's friends: they have to get at their own files.
  await chmod(prefix, 0o755)
  const port = await freePort()
  const [conf, include] = [join(prefix, 'nginx.conf'), join(prefix, 'serin.d')]
  await mkdir(include)
  const command = [programOf('nginx', 'shop'), '-c', conf, '-p', prefix, '-e', join(prefix, 'error.log')]
  const pid = async (): Promise<number> => Number(await readFile(join(prefix, 'nginx.pid'), 'utf8'))
  const user: UserNginx = {
    settings: { include, check: [...command, '-T'], reload: [...command, '-s', 'reload'] },
    address: `http://127.0.0.1:${port}`,
    conf,
    include,
    pid,
    start: async () => await run(command),
    reload: async () => await run([...command, '-s', 'reload']),
    say: async (location, { includes = true, main = '' } = {}) =>
      await writeFile(
        conf,
        `worker_processes 2;
pid nginx.pid;
${main}
events { worker_connections 1024; }
http {
  access_log off;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  ${includes ? 'include serin.d/*.conf;' : ''}
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_set_header Host $host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      ${location}
    }
  }
}
`,
      ),
    [Symbol.asyncDispose]: async () => {
      process.kill(await pid(), 'SIGTERM')
      // It takes its pid file with it.
      for (let attempt = 0; attempt < 500 && existsSync(join(prefix, 'nginx.pid')); attempt += 1) await sleep(10)
      await rm(prefix, { recursive: true, force: true })
    },
  }
  await user.say('return 200 user;')
  await user.start()
  return user
}

async function run([command = '', ...args]: readonly string[]): Promise<void> {
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
  const [code] = await once(child, 'exit')
  if (code !== 0) throw new Error(said)
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}
