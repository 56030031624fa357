import { Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import type { Context } from '../src/platform/context.ts'
import type { Statement } from '../src/platform/db/database.ts'
import { connectionOptions } from '../src/platform/db/open-database.ts'
import type { Tables } from '../src/platform/db/tables.ts'
import type { TestProduct } from './make.ts'

/**
 * A context whose statements are explained as they run, those inside of functions too: under the application's role, with
 * what each step of the plan really read.
 */
export function explaining(product: TestProduct, ctx: Context) {
  const plans: string[] = []
  const settings = {
    session_preload_libraries: 'auto_explain',
    'auto_explain.log_min_duration': 0,
    'auto_explain.log_analyze': 'on',
    'auto_explain.log_nested_statements': 'on',
    // To this connection alone: the server's log, which is searched for people's addresses, begins at warnings.
    'auto_explain.log_level': 'notice',
    client_min_messages: 'notice',
  }
  const explained = Object.entries(settings).map(([name, value]) => `-c ${name}=${value}`)
  const options = [connectionOptions('queueup_app'), ...explained].join(' ')
  const pool = new pg.Pool({ connectionString: product.database.url, max: 1, options })
  pool.on('connect', (client) => {
    client.on('notice', (notice) => void plans.push(notice.message ?? ''))
    // The database is dropped while it ends.
    client.on('error', () => undefined)
  })
  pool.on('error', () => undefined)
  const kysely = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) })
  return {
    ctx: {
      ...ctx,
      db: {
        ...ctx.db,
        kysely,
        run: async <Row>({ name, text }: Statement, values: readonly unknown[]) =>
          (await pool.query({ name, text, values: [...values] })).rows as Row[],
      },
    },
    /** What the plans since the last look have in them. */
    since() {
      const text = plans.splice(0).join('\n')
      if (!text.includes('Query Text')) throw new Error('nothing was explained')
      const counted = (pattern: RegExp) =>
        Math.max(0, ...[...text.matchAll(pattern)].map(([, rows, loops = '1']) => Number(rows) * Number(loops)))
      return {
        text,
        seqScans: [...text.matchAll(/Seq Scan on (subscribers|activities|line_counts)\b/g)].map(([scan]) => scan),
        mostRows: Math.max(
          counted(/actual (?:time=\S+ )?rows=([\d.]+) loops=(\d+)/g),
          counted(/Rows Removed by Filter: (\d+)/g),
        ),
        mostSorted: counted(/Sort .*\(actual (?:time=\S+ )?rows=([\d.]+) loops=(\d+)/g),
      }
    },
    close: () => kysely.destroy(),
  }
}
