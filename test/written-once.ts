import { expect } from 'vitest'
import { asApiKey } from './as.ts'
import { reportFigure } from './figures.ts'
import { cliJson, runCli } from './processes.ts'

/** What a failure says where something acknowledged is not there. */
export const nothingLost = 'nothing that was acknowledged is lost'

interface Row {
  number: number
  action: string
  targets: { type: string; id: string; name: string }[]
}

/** The rows of an organisation's log as the command line exports them, the newest first. */
export async function exportLog(env: Record<string, string>, slug: string): Promise<Row[]> {
  const { stdout } = await runCli(env, 'activity', 'export', '--org', slug, '--format', 'jsonl')
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Row)
}

/**
 * Holds what a server lists and what the log says against what was acknowledged: each create is there exactly once, with exactly one
 * row of the log; nobody is there without one; places are 1…n, numbers have no gap, and the doctor finds nothing. Answers how many.
 */
export async function mustBeWrittenOnce(
  env: Record<string, string>,
  server: { url: string },
  { slug, path, key }: { slug: string; path: string; key: string },
  acknowledged: readonly string[],
): Promise<{ listed: number; logged: number }> {
  expect(new Set(acknowledged).size, 'acknowledged once each').toBe(acknowledged.length)
  const listed: { id: number; email: string; position: number }[] = []
  for (let page = 1; ; page++) {
    const { items } = (await asApiKey(server, key).get(`${path}?limit=200&page=${page}`)).json
    listed.push(...items)
    if (items.length < 200) break
  }
  expect(listed.map(({ position }) => position)).toEqual(listed.map((_, i) => i + 1))
  const emails = listed.map(({ email }) => email)
  expect(new Set(emails).size, 'listed once each').toBe(emails.length)
  const there = new Set(emails)
  expect(
    acknowledged.filter((email) => !there.has(email)),
    nothingLost,
  ).toEqual([])

  const log = await exportLog(env, slug)
  reportFigure('acknowledged writes found, each once', acknowledged.length)
  reportFigure('rows of the log checked', log.length)
  expect(log.map(({ number }) => number)).toEqual(log.map((_, i) => log.length - i))
  const joins = log.filter(({ action }) => action === 'subscriber.joined')
  const joined = joins.map(({ targets }) => targets.find(({ type }) => type === 'subscriber')?.id)
  expect(joined.toSorted(), 'one row of the log for each who is there').toEqual(
    listed.map(({ id }) => String(id)).toSorted(),
  )
  expect((await cliJson(env, 'doctor')).ok).toBe(true)
  return { listed: listed.length, logged: log.length }
}
