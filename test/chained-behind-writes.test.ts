import { rmSync } from 'node:fs'
import { expect, test } from 'vitest'
import { asApiKey } from './as.ts'
import { cliJson, makeDataDir, makeKeyByCli, runCli, startServer } from './processes.ts'

test('the log is chained by the server behind the writes, also after it was killed among them; its head goes on', async () => {
  const env = { DATA_DIR: makeDataDir() }
  try {
    const { slug, path, key } = await makeKeyByCli(env)
    const { items } = await cliJson(env, 'activity', 'heads')
    const [first] = items
    expect(first).toMatchObject({ org: slug, number: 3, hash: expect.stringMatching(/^[0-9a-f]{64}$/) })
    for (const end of ['SIGKILL', 'SIGTERM'] as const) {
      const server = await startServer(env)
      const api = asApiKey(server, key)
      let writing = true
      const work = Array.from({ length: 4 }, async (_, writer) => {
        for (let i = 0; writing; i++)
          await api.post(path, { email: `${end}-${writer}-${i}@example.com` }).catch(() => undefined)
      })
      const chained = async () => (await cliJson(env, 'activity', 'verify', '--org', slug)).head.number
      const before = await chained()
      await expect.poll(chained, { timeout: 30_000, interval: 500 }).toBeGreaterThan(before)
      writing = end === 'SIGKILL'
      await server.stop(end)
      writing = false
      await Promise.all(work)
    }
    const whole = await runCli(env, 'activity', 'verify', '--org', slug, '--head', `${first.number}:${first.hash}`)
    expect(whole).toMatchObject({ code: 0, stdout: expect.stringContaining(`The log of ${slug} is whole`) })
    const other = await runCli(env, 'activity', 'verify', '--org', slug, '--head', `3:${'0'.repeat(64)}`)
    expect(other).toMatchObject({ code: 1, stdout: expect.stringContaining('row 3 has another hash') })
    expect(await cliJson(env, 'doctor')).toMatchObject({ ok: true })
  } finally {
    rmSync(env.DATA_DIR, { recursive: true, force: true })
  }
})
