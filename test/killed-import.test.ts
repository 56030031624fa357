import { rmSync } from 'node:fs'
import { afterAll, expect, test } from 'vitest'
import { asUser } from './as.ts'
import { bringFile, pressStart } from './bring-file.ts'
import { textOf } from './people.ts'
import { cliJson, makeDataDir, startServer } from './processes.ts'

// With less room than the file's rows would need: they are never all in memory, however many.
const env: Record<string, string> = {
  DATA_DIR: makeDataDir(),
  WEB_CONCURRENCY: '2',
  NODE_OPTIONS: '--max-old-space-size=96',
}
afterAll(() => rmSync(env.DATA_DIR ?? '', { recursive: true, force: true }))

const owner = { email: 'ada@example.com', password: 'a long enough password' }
const rows = 20_000
const padding = 'x'.repeat(3_000)

test('an import goes on by itself after its server was killed in the middle of it, and does each row once, in less memory than they fill', async () => {
  const { slug } = await cliJson(
    env,
    ...['org', 'create', '--name', 'Acme', '--owner-email', owner.email, '--owner-password', owner.password],
  )
  const { waitlist_id } = await cliJson(env, 'waitlist', 'create', '--org', slug, '--name', 'Launch')
  const people = Array.from({ length: rows }, (_, i) => `p${i}@example.com,${padding}\n`).join('')
  const doneRows = (html: string) => Number(/([\d,]+) of about/.exec(textOf(html))?.[1]?.replaceAll(',', '') ?? 0)

  const first = await startServer(env)
  const before = await asUser(first, owner)
  const path = await bringFile(first, before, `/o/${slug}/waitlists/${waitlist_id}`, `email,words\n${people}`)
  await pressStart(before, path)
  await expect
    .poll(async () => doneRows((await before.get(path)).html), { timeout: 30_000, interval: 20 })
    .toBeGreaterThan(0)
  await first.stop('SIGKILL')

  const second = await startServer(env)
  const after = await asUser(second, owner)
  const kept = doneRows((await after.get(path)).html)
  expect(kept).toBeGreaterThan(0)
  expect(kept).toBeLessThan(rows)
  // Soon after the start, or at the next look a minute later.
  await expect
    .poll(async () => textOf((await after.get(path)).html), { timeout: 100_000, interval: 500 })
    .toContain(`Added ${rows.toLocaleString('en')} Already there 0 Refused 0`)
  const { items: lists } = await cliJson(env, 'waitlist', 'list', '--org', slug)
  expect(lists[0].subscriber_count).toBe(rows)
  const { items } = await cliJson(env, 'activity', 'list', '--org', slug)
  const imports = items.filter(({ action }: { action: string }) => action === 'subscriber.imported')
  expect(imports).toMatchObject([{ actor: { type: 'user' }, changes: { after: { added: rows } } }])
  expect(await second.stop()).toEqual({ code: 0, signal: null })
}, 200_000)
