import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeProduct, type TestOrganisation, type TestProduct } from '../../../test/make.ts'
import { runCli } from '../../../test/processes.ts'
import { makeLog } from '../../../test/tampering.ts'
import { createWaitlist } from '../waitlists/create-waitlist.ts'
import { takeActivityFilter } from './activity-filter.ts'
import { type ChainHead, getChainHead } from './chain-head.ts'
import { exportActivities } from './export-activities.ts'
import { verifyActivityFile } from './verify-activity-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'queueup-evidence-'))
const file = join(folder, 'log.jsonl')
let product: TestProduct
let organisation: TestOrganisation
/** Newest first. */
let lines: string[]
let head: ChainHead
beforeAll(async () => {
  product = await makeProduct()
  organisation = await makeLog(product)
  head = await getChainHead(organisation.ctx)
  lines = await exported({})
})
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true })
  await product.close()
})

async function exported(sent: Record<string, string>): Promise<string[]> {
  const filter = takeActivityFilter((name) => sent[name])
  let text = ''
  for await (const piece of await exportActivities(organisation.ctx, { filter, format: 'jsonl', keptDays: null }))
    text += piece
  return text.split('\n').slice(0, -1)
}

async function verify(lines: string[], options: { known?: ChainHead; filtered?: boolean } = {}) {
  writeFileSync(file, lines.map((line) => `${line}\n`).join(''))
  return verifyActivityFile(file, options)
}

test('an exported file is whole by itself, and its newest row is the head', async () => {
  expect(await verify(lines)).toEqual({
    ...{ organisation_id: organisation.id, first: 1, last: 12, unchained: 0, head, problem: null },
  })
  expect((await verify(lines, { known: head })).problem).toBeNull()
})

test.each<[string, (lines: string[]) => string[], number, RegExp]>([
  ['a changed word', (all) => all.map((line) => line.replace('List 3', 'List X')), 5, /altered/],
  [
    'a changed time',
    (all) =>
      all.with(
        2,
        (all[2] ?? '').replace(/(\d)Z"/, (_, digit) => `${9 - Number(digit)}Z"`),
      ),
    10,
    /altered/,
  ],
  ['a missing line', (all) => all.toSpliced(4, 1), 8, /missing/],
  ['two lines in another order', (all) => all.with(3, all[4] ?? '').with(4, all[3] ?? ''), 9, /missing/],
  ['a line that is there twice', (all) => all.toSpliced(3, 0, all[3] ?? ''), 9, /twice/],
  ['lines turned round', (all) => all.toReversed(), 2, /reordered/],
  ['a file that was cut off', (all) => all.with(-1, (all.at(-1) ?? '').slice(0, 50)), 1, /cut off/],
  [
    'a member that does not belong there',
    (all) => all.with(6, (all[6] ?? '').replace('{', '{"extra":1,')),
    6,
    /whole row/,
  ],
  ['a row without its hash', (all) => all.with(5, (all[5] ?? '').replace(/"hash":"\w+"/, '"hash":null')), 7, /no hash/],
])('%s is found', async (_, change, number, what) => {
  expect((await verify(change(lines))).problem).toEqual({ number, what: expect.stringMatching(what) })
})

test('newest rows that were left out are found by a head that was noted', async () => {
  expect((await verify(lines.slice(2))).problem).toBeNull()
  expect((await verify(lines.slice(2), { known: head })).problem).toMatchObject({ number: 11 })
  const other = { number: 12, hash: 'f'.repeat(64) }
  expect((await verify(lines, { known: other })).problem).toMatchObject({ number: 12 })
})

test('a filtered file is held against each row’s own hash', async () => {
  await createWaitlist(organisation.ctx, { name: 'One more' })
  const some = await exported({ action: 'waitlist.created' })
  expect(some.length).toBe(12)
  expect((await verify(some)).problem).toMatchObject({ what: expect.stringMatching(/--filtered/) })
  expect((await verify(some, { filtered: true })).problem).toBeNull()
  const changed = some.map((line) => line.replace('List 3', 'List X'))
  expect((await verify(changed, { filtered: true })).problem).toMatchObject({ number: 5 })
})

test('what the guide says of the hash is true of a row, with nothing but a shell', async () => {
  const row = JSON.parse(lines.at(-1) ?? '')
  const target = row.targets[0]
  const targets = `[{"id": "${target.id}", "name": "${target.name}", "type": "organisation"}]`
  const text = `{"id": "${row.id}", "ip": null, "action": "organisation.created", "number": 1, "changes": {"after": {"name": "${target.name}", "plan": "team"}}, "targets": ${targets}, "actor_id": "${row.actor.id}", "actor_name": "${row.actor.name}", "actor_type": "user", "request_id": null, "user_agent": null, "occurred_at": "${row.occurred_at}", "organisation_id": "${organisation.id}"}`
  const { stdout } = await promisify(execFile)('sh', [
    '-c',
    'printf "%s\\n%s" "$0" "$1" | sha256sum',
    row.previous_hash,
    text,
  ])
  expect(stdout.slice(0, 64)).toBe(row.hash)
})

test('the command needs no database and no setting, and ends with 1 where something is wrong', async () => {
  const nowhere = { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none', DATA_DIR: '/nowhere' }
  await verify(lines)
  const good = await runCli(nowhere, 'activity', 'verify', '--file', file, '--head', `${head.number}:${head.hash}`)
  expect(good).toMatchObject({ code: 0, stderr: '', stdout: expect.stringContaining('is whole, rows 1 to 12') })
  writeFileSync(file, readFileSync(file, 'utf8').replace('List 3', 'List X'))
  const bad = await runCli(nowhere, '--json', 'activity', 'verify', '--file', file)
  expect([bad.code, JSON.parse(bad.stdout)]).toMatchObject([1, { ok: false, problem: { number: 5 } }])
  expect(await runCli(nowhere, 'activity', 'verify', '--file', join(folder, 'none'))).toMatchObject({ code: 1 })
  expect(await runCli(nowhere, 'activity', 'verify')).toMatchObject({ code: 2 })
  expect(await runCli(nowhere, 'activity', 'verify', '--file', file, '--head', 'nonsense')).toMatchObject({ code: 1 })
})
