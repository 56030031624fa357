import { type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http'
import pg from 'pg'
import { vi } from 'vitest'
import type { asUser } from './as.ts'
import type { TestProduct } from './make.ts'

/** A file that is on its way to somebody who has taken its first piece, and takes no more until they are told to. */
export interface SlowReading {
  status: number
  headers: IncomingHttpHeaders
  first: string
  /** Takes the rest. Rejects where it breaks off. */
  rest(): Promise<string>
  goAway(): void
}

/** Asks for a file, and waits for the beginning of it. */
export function beginReading(
  url: string,
  options: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<SlowReading> {
  const { method = 'GET', headers = {}, body } = options
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers, agent: false }, (response) => {
      response.once('data', (chunk: Buffer) => {
        response.pause()
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          first: chunk.toString('latin1'),
          rest: () => readRest(response),
          goAway: () => sent.destroy(),
        })
      })
      // After the beginning it is the reader of the rest who is told, or nobody, who went away on purpose.
      response.on('error', reject)
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

async function readRest(response: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = []
  for await (const piece of response) pieces.push(piece as Buffer)
  return Buffer.concat(pieces).toString('latin1')
}

/** The same for a form of a page. */
export function beginDownload(
  product: Pick<TestProduct, 'url'>,
  user: Awaited<ReturnType<typeof asUser>>,
  path: string,
  form: Record<string, string> = {},
): Promise<SlowReading> {
  const headers = {
    Cookie: user.cookie(),
    Origin: product.url,
    'Content-Type': 'application/x-www-form-urlencoded',
  }
  return beginReading(product.url + path, { method: 'POST', headers, body: new URLSearchParams(form).toString() })
}

/** Waits until a count stays as it is from one look to the next, and answers it. */
export async function whenAtRest(count: () => number): Promise<number> {
  let before = -1
  await vi.waitUntil(
    () => {
      const now = count()
      const isAtRest = now === before
      before = now
      return isAtRest
    },
    { timeout: 30_000, interval: 500 },
  )
  return before
}

/** How many transactions lie open, waiting for somebody to read. Asked as the superuser, who alone sees those of others. */
export async function openTransactions(product: TestProduct): Promise<number> {
  const client = new pg.Client({ connectionString: product.database.url })
  await client.connect()
  const { rowCount } = await client.query(`select 1 from pg_stat_activity where datname = current_database()
    and pid <> pg_backend_pid() and xact_start is not null and backend_type = 'client backend'`)
  await client.end()
  return rowCount ?? 0
}
