import { type ImportJob, importJob } from '../src/features/imports/queue-import.ts'
import { resumeImports } from '../src/features/imports/resume-imports.ts'
import { runImport } from '../src/features/imports/run-import.ts'
import type { asUser } from './as.ts'
import { bringFile, doQueued, pressStart } from './bring-file.ts'
import { makeWaitlist, type TestOrganisation, type TestProduct } from './make.ts'

type User = Awaited<ReturnType<typeof asUser>>

/** People whose rows are good, and some that are refused. */
export const fileOf = (rows: number, bad = 0) =>
  `email,joined_at\r\n${Array.from({ length: rows }, (_, i) => `p${i}@example.com,2026-01-01\r\n`).join('')}${'nobody,\r\n'.repeat(bad)}`

export const asWorker = (product: TestProduct) => ({ ...product.services, db: product.database.jobs })

/** An import that has begun, of which nothing is done yet. */
export async function beginImport(product: TestProduct, organisation: TestOrganisation, user: User, content: string) {
  const id = await makeWaitlist(organisation)
  const here = await bringFile(product, user, `/o/${organisation.slug}/waitlists/${id}`, content)
  await pressStart(user, here)
  const job: ImportJob = { organisation_id: organisation.id, import_id: here.split('/').at(-1) ?? '', run: 1 }
  return { id, here, job }
}

/** Works on an import until so many batches are done, and is gone then without a word, as a killed process is. */
export async function dieAfter(product: TestProduct, batches: number, job: ImportJob): Promise<void> {
  let left = batches
  const { kysely } = product.database.jobs
  const dying = new Proxy(kysely, {
    get(target, name) {
      if (name === 'transaction' && left-- === 0) throw new Error('killed')
      const value = Reflect.get(target, name)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  const db = { ...product.database.jobs, kysely: dying }
  await runImport({ ...product.services, db }, job).catch(() => undefined)
}

/** Has what was left lying taken up, as the schedule does after a while, and worked on to its end. */
export async function takeUp(product: TestProduct): Promise<void> {
  await letLie(product)
  await resumeImports(asWorker(product))
  await doQueued(product)
}

/** As if nobody had got further with any import for long, and those who had claimed its job had died. */
export async function letLie(product: TestProduct): Promise<void> {
  await product.database.owner.kysely
    .updateTable('imports')
    .set({ progressed_at: new Date(0) })
    .where('state', '=', 'running')
    .execute()
  await product.database.owner.kysely
    .updateTable('queued_jobs')
    .set({ leased_until: new Date(Date.now() + 60_000) })
    .where('name', '=', importJob)
    .execute()
}
