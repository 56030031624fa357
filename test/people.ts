import { runDueJobs } from '../src/platform/jobs/run-due-jobs.ts'
import type { Mail } from '../src/platform/mail/mailer.ts'
import { jobHandlers } from '../src/worker.ts'
import { asUser } from './as.ts'
import { dumpDatabase } from './dump-database.ts'
import type { TestProduct } from './make.ts'

export const password = 'a long enough password'

/** Somebody who signs up through the form; `home` is their organisation's path. */
export async function signUp(product: TestProduct, email: string) {
  const user = await asUser(product, undefined)
  const page = await user.post('/sign-up', { email, password })
  if (page.status !== 303) throw new Error(`sign-up answered ${page.status}: ${textOf(page.html)}`)
  const start = await user.get('/')
  return { ...user, email, home: (start.location ?? '').replace(/\/waitlists$/, '') }
}

/** The same person in another browser. */
export function signIn(product: TestProduct, email: string) {
  return asUser(product, { email, password })
}

/** The mails to an address, oldest first, once all that was queued is done. */
export async function mailsTo(product: TestProduct, address: string): Promise<Mail[]> {
  await runDueJobs({ ...product.services, db: product.database.jobs }, jobHandlers)
  product.issued.addMailed(product.mails)
  return product.mails.filter((mail) => mail.to === address)
}

/** The path of the newest link in the mails to an address. */
export async function mailedPath(product: TestProduct, address: string, kind: string): Promise<string> {
  const links = (await mailsTo(product, address)).map(({ text }) => new RegExp(`/${kind}/\\S+`).exec(text)?.[0])
  return links.findLast((link) => link !== undefined) ?? ''
}

/** Every row of every table, as a backup would hold it. */
export function dump(product: TestProduct): Promise<string> {
  return dumpDatabase(product.database.owner.kysely)
}

/** What happened in an organisation, oldest first. */
export async function log(product: TestProduct, home: string) {
  return product.database.owner.kysely
    .selectFrom('activities as a')
    .innerJoin('organisations as o', 'o.id', 'a.organisation_id')
    .select(['a.action', 'a.actor_name', 'a.changes', 'a.targets'])
    .where('o.slug', '=', home.replace('/o/', ''))
    .orderBy('a.number')
    .execute()
}

/** The actions of an organisation, oldest first. */
export async function actionsOf(product: TestProduct, { slug }: { slug: string }): Promise<string[]> {
  return (await log(product, `/o/${slug}`)).map((activity) => activity.action)
}

/** What a person reads of a page: no tags, entities decoded, white space folded. */
export function textOf(html: string): string {
  return html
    .replace(/<head>.*?<\/head>/s, '')
    .replace(/<[^>]+>/g, ' ')
    .replace(/&#39;/g, "'")
    .replace(/&quot;/g, '"')
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&amp;/g, '&')
    .replace(/\s+/g, ' ')
    .trim()
}
