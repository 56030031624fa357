import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { textOf } from '../people.ts'
import { cliJson, makeDataDir, type Server, startServer } from '../processes.ts'

const nginx = ['/usr/sbin/nginx', 'nginx'].find((path) => spawnSync(path, ['-v']).status === 0)
if (!nginx)
  process.stderr.write('There is no nginx here: what a plain proxy passes on is tried by raw requests only.\n')

const env = { DATA_DIR: makeDataDir() }
const folder = mkdtempSync(join(tmpdir(), 'queueup-nginx-'))
let server: Server | undefined
let proxy: ChildProcess | undefined
afterAll(async () => {
  proxy?.kill('SIGQUIT')
  await server?.stop().catch(() => undefined)
  for (const path of [env.DATA_DIR, folder]) rmSync(path, { recursive: true, force: true })
})

/** The least that anybody writes into nginx, and what a careful one adds for connections that stay open. */
async function startNginx(nginx: string, target: string, more: string): Promise<string> {
  const port = 20_000 + Math.floor(Math.random() * 20_000)
  const config = join(folder, 'nginx.conf')
  chmodSync(folder, 0o755)
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  for (const name of temporary) mkdirSync(join(folder, name), { recursive: true })
  writeFileSync(
    config,
    `daemon off; worker_processes 1; pid ${folder}/pid; error_log ${folder}/error.log;
    events {}
    http {
      access_log off;
      ${temporary.map((name) => `${name}_temp_path ${folder}/${name};`).join(' ')}
      server { listen 127.0.0.1:${port}; location / { proxy_pass ${target}; ${more} } }
    }`,
  )
  proxy?.kill('SIGQUIT')
  proxy = spawn(nginx, ['-p', folder, '-e', join(folder, 'error.log'), '-c', config], { stdio: 'ignore' })
  const url = `http://127.0.0.1:${port}`
  await expect.poll(() => fetch(`${url}/healthz`).then(({ status }) => status, String), { timeout: 10_000 }).toBe(200)
  return url
}

const mails = () => {
  try {
    return readdirSync(join(env.DATA_DIR, 'outbox')).filter((name) => name.endsWith('.eml'))
  } catch {
    return []
  }
}

test.runIf(nginx)(
  'behind nginx that nobody told QueueUp of nobody resets a password or reads a mail, and the operator learns what to set',
  async () => {
    const email = 'owner-behind-nginx@example.com'
    await cliJson(env, 'org', 'create', '--name', 'Acme', '--owner-email', email)
    server = await startServer({ ...env, WEB_CONCURRENCY: '2' })
    const preview = /Mails are not sent but shown at (http:[^,\s]+),/.exec(server.output())?.[1] ?? ''
    expect((await fetch(preview)).status).toBe(200)
    const site = 'https://waitlist.example.com'
    const browser = { Host: 'waitlist.example.com', 'Sec-Fetch-Site': 'same-origin', Origin: site, Referer: `${site}/` }
    const target = new URL(server.url).origin.replace('localhost', '127.0.0.1')
    for (const more of ['', 'proxy_http_version 1.1; proxy_set_header Connection "";']) {
      const url = await startNginx(nginx ?? '', target, more)
      const form = { method: 'POST', redirect: 'manual', body: new URLSearchParams({ email }) } as const
      const asked = await fetch(`${url}/forgot-password`, { ...form, headers: browser })
      expect([asked.status, textOf(await asked.text())]).toEqual([403, expect.stringContaining('Set PUBLIC_URL')])
      for (const path of ['/dev/mail', '/mail-preview/', new URL(preview).pathname]) {
        const page = await fetch(url + path, { headers: browser })
        expect([path, page.status]).toEqual([path, 403])
      }
      expect((await fetch(`${url}/readyz`)).status).toBe(200)
    }
    expect(mails()).toEqual([])
    expect(server.output()).toMatch(/was refused\. Set PUBLIC_URL to the address that people use/)
    // The same straight from this machine.
    const here = { method: 'POST', redirect: 'manual', headers: { Origin: server.url } } as const
    await fetch(`${server.url}/forgot-password`, { ...here, body: new URLSearchParams({ email }) })
    await expect.poll(() => mails().length, { timeout: 20_000 }).toBe(1)
    expect(textOf(await (await fetch(preview)).text())).toContain('/reset-password/')
    expect(readFileSync(join(env.DATA_DIR, 'outbox', mails()[0] ?? ''), 'utf8')).toContain(email)
    expect(await server.stop()).toEqual({ code: 0, signal: null })
  },
)
