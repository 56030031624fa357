import { spawn } from 'node:child_process'
import { rmSync } from 'node:fs'
import { expect, test } from 'vitest'
import { asApiKey, asUser } from './as.ts'
import { makeDataDir } from './processes.ts'

const cli = new URL('../dist/cli.js', import.meta.url).pathname

test('npm run demo prints how to sign in and a call that works, and ends when it is told to', async () => {
  const dataDir = makeDataDir()
  const { DATABASE_URL: _, PUBLIC_URL: __, SMTP_URL: ___, ...env } = process.env
  const child = spawn(process.execPath, [cli, 'demo'], { env: { ...env, DATA_DIR: dataDir, PORT: '0' } })
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
  try {
    const printed = await new Promise<string>((resolve, reject) => {
      let text = ''
      const read = (chunk: Buffer) => {
        text += chunk
        if (/Authorization: Bearer \S+"/.test(text)) resolve(text)
      }
      child.stdout.on('data', read)
      child.once('exit', () => reject(new Error(text)))
    })
    const find = (label: string) => new RegExp(`^  ${label} +(\\S+)$`, 'm').exec(printed)?.[1] ?? ''
    const url = new URL(find('Sign in')).origin
    const user = await asUser({ url }, { email: find('Email'), password: find('Password') })
    const { location } = await user.get('/')
    expect((await user.get(location ?? '')).html).toContain('Spring launch')
    expect(printed).toContain(`curl "${url}/v1/api/waitlists/${find('Waitlist')}/subscribers?limit=3"`)
    const listed = await asApiKey({ url }, find('API key')).get(`/waitlists/${find('Waitlist')}/subscribers?limit=3`)
    expect([listed.status, listed.json.items.length]).toEqual([200, 3])
    child.kill('SIGTERM')
    expect(await ended).toBe(0)
  } finally {
    child.kill('SIGKILL')
    await ended
    rmSync(dataDir, { recursive: true, force: true })
  }
})
