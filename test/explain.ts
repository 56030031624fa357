import pg from 'pg'
import { vi } from 'vitest'

export interface PlanNode {
  'Node Type': string
  'Relation Name'?: string
  'Index Name'?: string
  'Actual Rows': number
  'Actual Loops': number
  'Rows Removed by Filter'?: number
  Plans?: PlanNode[]
}

export interface Statement {
  text: string
  values: unknown[]
}

/** What `work` asks the database about a table, word for word. */
export async function statementsOn(table: string, work: () => Promise<unknown>): Promise<Statement[]> {
  const spy = vi.spyOn(pg.Client.prototype, 'query')
  try {
    await work()
    return spy.mock.calls
      .map(([text, values]) => ({ text: String(text), values: Array.isArray(values) ? values : [] }))
      .filter(({ text }) => new RegExp(`\\b(from|join) "?${table}\\b`).test(text))
  } finally {
    spy.mockRestore()
  }
}

/** How the database does it, with every node of the plan; `client` acts as the role that the statement came from. */
export async function explain(client: pg.Client, { text, values }: Statement): Promise<PlanNode[]> {
  const { rows } = await client.query(`explain (analyze, timing off, format json) ${text}`, values)
  const nodes: PlanNode[] = []
  const walk = (node: PlanNode) => {
    nodes.push(node)
    for (const child of node.Plans ?? []) walk(child)
  }
  walk(rows[0]['QUERY PLAN'][0].Plan)
  return nodes
}
