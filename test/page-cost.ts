import pg from 'pg'
import { vi } from 'vitest'
import { mostCounted } from '../src/platform/db/count-up-to.ts'
import { explain, type PlanNode, type Statement } from './explain.ts'
import type { TestProduct } from './make.ts'

export interface PageCost {
  statements: number
  /** Rows that the process was given. */
  received: number
  /** Rows that the database read for them, but for those of counts that go no further than a bound. */
  read: number
  /** The statement that most rows were read for. */
  worst: string
}

/** What `work` asks the database, and how many rows each answer has. */
export async function watchQueries(work: () => Promise<unknown>): Promise<(Statement & { rows: number })[]> {
  const spy = vi.spyOn(pg.Client.prototype, 'query')
  try {
    await work()
    const answers = await Promise.all(
      spy.mock.results.map(({ value }) => value as Promise<{ rows?: unknown[] }> | undefined),
    )
    return spy.mock.calls.map(([text, values], i) => ({
      text: String(text),
      values: Array.isArray(values) ? values : [],
      rows: answers[i]?.rows?.length ?? 0,
    }))
  } finally {
    spy.mockRestore()
  }
}

/** What `work` costs the database: its statements are run again, each explained, as the application's role runs them. */
export async function costOf(
  product: TestProduct,
  organisationId: string,
  work: () => Promise<unknown>,
): Promise<PageCost> {
  const asked = await watchQueries(work)
  const client = new pg.Client({ connectionString: product.database.url, options: '-c jit=off' })
  await client.connect()
  const costs: { text: string; read: number }[] = []
  for (const statement of asked) {
    if (!/^\s*(select|with|\()/i.test(statement.text)) continue
    await client.query('begin')
    await client.query('set local role queueup_app')
    await client.query("select set_config('app.organisation_id', $1, true)", [organisationId])
    costs.push({ text: statement.text, read: countRead(statement.text, await explain(client, statement)) })
    await client.query('rollback')
  }
  await client.end()
  return {
    statements: asked.length,
    received: asked.reduce((sum, { rows }) => sum + rows, 0),
    read: costs.reduce((sum, { read }) => sum + read, 0),
    worst: costs.toSorted((a, b) => b.read - a.read)[0]?.text ?? '',
  }
}

function countRead(text: string, nodes: PlanNode[]): number {
  const rows = nodes
    .filter((node) => node['Relation Name'] !== undefined)
    .map((node) => (node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0)) * node['Actual Loops'])
  const counts = text.split(' counted)').length - 1
  const counted = rows.filter((many) => many > mostCounted / 10 && many <= mostCounted + 1).slice(0, counts)
  const sum = (all: number[]) => all.reduce((a, b) => a + b, 0)
  return Math.round(sum(rows) - sum(counted))
}
