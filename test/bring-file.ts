import { runDueJobs } from '../src/platform/jobs/run-due-jobs.ts'
import { jobHandlers } from '../src/worker.ts'
import type { asUser } from './as.ts'
import type { TestProduct } from './make.ts'
import { textOf } from './people.ts'

type User = Awaited<ReturnType<typeof asUser>>

/** Sends a file through a form, as a browser does. */
export async function sendFile(
  product: Pick<TestProduct, 'url'>,
  user: User,
  path: string,
  content: string | Buffer,
  name = 'people.csv',
): Promise<{ status: number; headers: Headers; location: string; html: string }> {
  const boundary = '----the-boundary'
  const disposition = `form-data; name="file"; filename="${name.replaceAll('"', '%22')}"`
  const body = Buffer.concat([
    Buffer.from(`--${boundary}\r\nContent-Disposition: ${disposition}\r\nContent-Type: text/csv\r\n\r\n`),
    Buffer.from(content),
    Buffer.from(`\r\n--${boundary}--\r\n`),
  ])
  const response = await fetch(new URL(path, product.url), {
    method: 'POST',
    redirect: 'manual',
    body,
    headers: {
      Cookie: user.cookie(),
      Origin: product.url,
      'Content-Type': `multipart/form-data; boundary=${boundary}`,
    },
  })
  const { status, headers } = response
  return { status, headers, location: headers.get('location') ?? '', html: await response.text() }
}

/** Uploads a file to a waitlist's import page, and answers the address of the import. */
export async function bringFile(
  product: Pick<TestProduct, 'url'>,
  user: User,
  waitlist: string,
  content: string | Buffer,
  name?: string,
): Promise<string> {
  const page = await user.get(`${waitlist}/import`)
  const action = /<form method="post" action="([^"]+)" enctype/.exec(page.html)?.[1] ?? ''
  const answer = await sendFile(product, user, action, content, name)
  if (answer.status !== 303) throw new Error(`the upload answered ${answer.status}: ${textOf(answer.html)}`)
  return answer.location
}

/** The form of the page on which columns are matched, as it came; ticked words for states are beside it. */
export function matchForm(html: string): Record<string, string> {
  const chosen = [...html.matchAll(/<select[^>]* name="([^"]+)".*?<\/select>/gs)].map(([select, name = '']) => [
    name,
    /<option value="([^"]*)" selected/.exec(select)?.[1] ?? '',
  ])
  const ticked = /name="has_header"[^>]* checked/.test(html) ? { has_header: 'on' } : {}
  const order = /name="date_order" value="([^"]+)" checked/.exec(html)?.[1]
  return { ...Object.fromEntries(chosen), ...ticked, ...(order ? { date_order: order } : {}) }
}

/** The words for states that are ticked there. */
export function tickedWords(html: string): string[] {
  return [...html.matchAll(/name="include_status" value="([^"]+)" checked/g)].map(([, word = '']) => word)
}

/** Presses "Start import" with what is chosen on the page. */
export async function pressStart(user: User, path: string): Promise<void> {
  const { html } = await user.get(path)
  const answer = await user.post(path, { ...matchForm(html), include_status: tickedWords(html), step: 'start' })
  if (answer.status !== 303) throw new Error(`starting answered ${answer.status}: ${textOf(answer.html)}`)
}

/** Does all that is queued, as the server's worker would. */
export async function doQueued(product: TestProduct): Promise<number> {
  return runDueJobs({ ...product.services, db: product.database.jobs }, jobHandlers)
}
