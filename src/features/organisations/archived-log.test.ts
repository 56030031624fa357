import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { downloadArchive } from '../../../test/download-archive.ts'
import { makeProduct, type TestOrganisation, type TestProduct } from '../../../test/make.ts'
import { runCli } from '../../../test/processes.ts'
import { makeLog } from '../../../test/tampering.ts'
import { type ChainHead, getChainHead } from '../activity/chain-head.ts'
import { verifyActivityFile } from '../activity/verify-activity-file.ts'
import { setPlan } from '../plans/set-plan.ts'

const folder = mkdtempSync(join(tmpdir(), 'queueup-archive-'))
const file = join(folder, 'activities.jsonl')
let product: TestProduct
let organisation: TestOrganisation
/** Of the archive, newest first. */
let lines: string[]
beforeAll(async () => {
  product = await makeProduct()
  organisation = await makeLog(product)
  lines = await archived()
})
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true })
  await product.close()
})

async function archived(): Promise<string[]> {
  const { files } = await downloadArchive(product, organisation)
  return (files.get('activities.jsonl') ?? '').split('\n').slice(0, -1)
}

async function verify(lines: string[], known?: ChainHead) {
  writeFileSync(file, lines.map((line) => `${line}\n`).join(''))
  return verifyActivityFile(file, { known })
}

test('the log of an archive is whole by itself, its own export and all, and its newest row is the head', async () => {
  const head = await getChainHead(organisation.ctx)
  expect(await verify(lines, head)).toEqual({
    ...{ organisation_id: organisation.id, first: 1, last: 13, unchained: 0, head, problem: null },
  })
  const nowhere = { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none', DATA_DIR: '/nowhere' }
  const told = await runCli(nowhere, 'activity', 'verify', '--file', file, '--head', `${head.number}:${head.hash}`)
  expect(told).toMatchObject({ code: 0, stderr: '', stdout: expect.stringContaining('is whole, rows 1 to 13') })
})

test.each<[string, (lines: string[]) => string[], number, RegExp]>([
  ['a changed word', (all) => all.map((line) => line.replace('List 3', 'List X')), 5, /altered/],
  ['another actor', (all) => all.with(3, (all[3] ?? '').replace('"actor_name":"', '"actor_name":"x')), 10, /altered/],
  ['a missing row', (all) => all.toSpliced(4, 1), 9, /missing/],
  ['rows turned round', (all) => all.toReversed(), 2, /reordered/],
  ['an archive that was cut off', (all) => all.with(-1, (all.at(-1) ?? '').slice(0, 50)), 1, /cut off/],
  ['an added column', (all) => all.with(6, (all[6] ?? '').replace('{', '{"extra":1,')), 7, /whole row/],
])('%s in it is found', async (_, change, number, what) => {
  expect((await verify(change(lines))).problem).toEqual({ number, what: expect.stringMatching(what) })
})

test('where the plan hides the beginning the rest is whole from its first row on, held against a head from before it', async () => {
  const short = await makeLog(product)
  const { kysely } = product.database.owner
  await sql`alter table activities disable trigger protect`.execute(kysely)
  await sql`update activities set occurred_at = now() - interval '40 days' where organisation_id = ${short.id} and number <= 8`.execute(
    kysely,
  )
  await sql`alter table activities enable always trigger protect`.execute(kysely)
  const everything = await downloadArchive(product, short)
  const hidden = everything.lines('activities').find(({ number }) => number === 8)
  const anchor = { number: 8, hash: hidden.hash as string }
  await setPlan(short.ctx, 'free')
  const { files } = await downloadArchive(product, short)
  const log = (files.get('activities.jsonl') ?? '').split('\n').slice(0, -1)
  expect(JSON.stringify([...files].filter(([name]) => name.startsWith('activities')))).not.toContain(hidden.id)
  expect(await verify(log, anchor)).toMatchObject({ first: 9, last: 15, problem: null })
  expect(await verify(log, { number: 12, hash: JSON.parse(log[3] ?? '').hash })).toMatchObject({ problem: null })
  expect(await verify(log, { ...anchor, hash: 'f'.repeat(64) })).toMatchObject({
    problem: { number: 9, what: expect.stringMatching(/does not go on from the head/) },
  })
  expect((await verify(log.slice(0, -1), anchor)).problem).toMatchObject({ number: 8 })
})
