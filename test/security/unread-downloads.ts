import { sql } from 'kysely'
import { vi } from 'vitest'
import type { asUser } from '../as.ts'
import { makeOrganisation, type TestOrganisation, type TestProduct } from '../make.ts'
import { beginDownload, type SlowReading } from '../slow-reader.ts'

type User = Awaited<ReturnType<typeof asUser>>

/** A log of ten megabytes that hardly compress: more than the kernel's buffers take of a download that nobody reads. */
export async function makeLargeOrganisation(product: TestProduct): Promise<TestOrganisation> {
  const organisation = await makeOrganisation(product, 'team')
  const { kysely } = product.database.owner
  await sql`insert into activities
      (organisation_id, number, occurred_at, action, actor_type, actor_id, actor_name, targets, changes)
    select ${organisation.id}, n + 1, now() - (500 - n) * interval '1 second', 'waitlist.updated', 'system', null, 'Somebody',
      '[]'::jsonb, jsonb_build_object('after', jsonb_build_object('description', padding))
    from (
      select n, string_agg(md5(n::text || part || random()), '') as padding
      from generate_series(1, 500) n, generate_series(1, 640) part group by n
    ) padded`.execute(kysely)
  await sql`update organisation_counters set last_activity_number =
      (select max(number) from activities where organisation_id = ${organisation.id})
    where organisation_id = ${organisation.id}`.execute(kysely)
  return organisation
}

/** Asks for an archive, and reads no more than its beginning. */
export function beginArchive(
  product: Pick<TestProduct, 'url'>,
  user: User,
  { slug }: Pick<TestOrganisation, 'slug'>,
): Promise<SlowReading> {
  return beginDownload(product, user, `/o/${slug}/settings/export`)
}

export function beginLog(
  product: Pick<TestProduct, 'url'>,
  user: User,
  { slug }: Pick<TestOrganisation, 'slug'>,
): Promise<SlowReading> {
  return beginDownload(product, user, `/o/${slug}/activity/export`, { format: 'jsonl' })
}

/** Begins a download as soon as a place is free: those of downloads that were cancelled are, a moment later. */
export async function whenLet(begin: () => Promise<SlowReading>): Promise<SlowReading> {
  let reading: SlowReading | undefined
  await vi.waitUntil(
    async () => {
      reading = await begin()
      return reading.status === 200
    },
    { timeout: 20_000 },
  )
  return reading as SlowReading
}
