import { parse } from 'csv-parse/sync'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { asUser } from '../../../test/as.ts'
import {
  makeMember,
  makeOrganisation,
  makeProduct,
  makeWaitlist,
  type TestOrganisation,
  type TestProduct,
} from '../../../test/make.ts'
import { changeRole, removeMember } from '../organisations/members.ts'
import { archiveWaitlist } from '../waitlists/archive-waitlist.ts'
import { updateWaitlist } from '../waitlists/update-waitlist.ts'
import { addSubscriber } from './add-subscriber.ts'
import { exportSubscribers } from './export-subscribers.ts'
import { fillWaitlist } from './fill-waitlist.ts'
import { listSubscribers } from './list-subscribers.ts'

let product: TestProduct
let organisation: TestOrganisation
beforeAll(async () => {
  product = await makeProduct()
  organisation = await makeOrganisation(product, 'team')
})
afterAll(() => product?.close())

const rowsOf = (text: string) => parse(text, { columns: true, record_delimiter: '\r\n' }) as Record<string, string>[]
const exported = async (id: string) =>
  (
    await product.database.owner.kysely
      .selectFrom('activities')
      .select(['changes', 'actor_name'])
      .where('action', '=', 'subscriber.exported')
      .where(sql`targets->0->>'id'`, '=', id)
      .execute()
  ).map(({ changes }) => changes)

describe('the export of a waitlist', () => {
  test('holds everybody as the page shows them, with their status link, and is one row of the log', async () => {
    const id = await makeWaitlist(organisation, 'Spring "launch", 2027')
    const typed = ['ada@example.com', '=cmd@example.com', "'=quoted@example.com", 'jörg@müller.example']
    for (const email of typed) await addSubscriber(organisation.ctx, id, { email })
    const user = await asUser(product, organisation.owner)
    const answer = await user.post(`/o/${organisation.slug}/waitlists/${id}/export`)
    expect(answer.status).toBe(200)
    expect(answer.headers.get('content-type')).toContain('text/csv; charset=utf-8')
    expect(answer.headers.get('content-disposition')).toMatch(
      /^attachment; filename="Spring-launch-2027-\d{4}-\d\d-\d\d\.csv"$/,
    )
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
    const rows = rowsOf(answer.html)
    const { items } = await listSubscribers(organisation.ctx, id, { page: 1, limit: 50, needle: '' })
    expect(rows.map(({ email }) => email)).toEqual([
      'ada@example.com',
      "'=cmd@example.com",
      "''=quoted@example.com",
      'jörg@müller.example',
    ])
    expect(rows.map(({ status_link: _, email: __, referred_by: ___, ...row }) => row)).toEqual(
      items.map(({ email: _, ...item }) => ({
        ...item,
        position: String(item.position),
        referral_count: String(item.referral_count),
      })),
    )
    const links = rows.map((row) => row.status_link ?? '')
    for (const link of links)
      expect(link).toMatch(new RegExp(`^${product.services.config.publicUrl}/s/[0-9A-Za-z]{50}$`))
    expect(new Set(links).size).toBe(rows.length)
    expect(await exported(id)).toEqual([{ after: { exported: 4 } }])
  })

  test('respects the search, and does not tell the log what was searched for', async () => {
    const id = await makeWaitlist(organisation)
    for (const email of ['ada@example.com', 'grace@example.org', 'ADAM@example.net'])
      await addSubscriber(organisation.ctx, id, { email })
    const user = await asUser(product, organisation.owner)
    const { html } = await user.post(`/o/${organisation.slug}/waitlists/${id}/export`, { q: ' AdA' })
    expect(rowsOf(html).map(({ email }) => email)).toEqual(['ada@example.com', 'ADAM@example.net'])
    expect(await exported(id)).toEqual([{ after: { exported: 2, searched: true } }])
    const page = await user.get(`/o/${organisation.slug}/waitlists/${id}?q=ada`)
    expect(page.html).toContain('Export these as CSV')
  })

  test('leaves nobody out and names nobody twice when people leave while it runs', async () => {
    const id = await makeWaitlist(organisation)
    await fillWaitlist(organisation.ctx, id, 2_600)
    const { csv } = await exportSubscribers(organisation.ctx, id)
    let text = ''
    let pieces = 0
    for await (const piece of csv) {
      text += piece
      pieces += 1
      if (pieces === 2) {
        await sql`delete from subscribers where waitlist_id = ${id} and join_number in (5, 6, 700, 1500, 1501)`.execute(
          product.database.owner.kysely,
        )
      }
    }
    const emails = rowsOf(text).map(({ email }) => email)
    expect(pieces).toBe(4)
    expect(emails).toHaveLength(2_598)
    expect(new Set(emails).size).toBe(2_598)
  })

  test.each(['removed', 'made a member'])('goes no further once whoever asked for it is %s', async (fate) => {
    const id = await makeWaitlist(organisation)
    await fillWaitlist(organisation.ctx, id, 2_001)
    const { id: userId, email } = await makeMember(product, organisation, 'admin')
    const actor = { type: 'user', id: userId, name: email, role: 'admin' } as const
    const { csv } = await exportSubscribers({ ...organisation.ctx, actor }, id)
    expect((await csv.next()).done).toBe(false)
    expect((await csv.next()).value).toContain('@')
    if (fate === 'removed') await removeMember(organisation.ctx, userId)
    else await changeRole(organisation.ctx, userId, 'member')
    await expect(csv.next()).rejects.toMatchObject({ code: 'forbidden' })
  })

  test('without referrals it has neither codes nor status links', async () => {
    const id = await makeWaitlist(organisation)
    await addSubscriber(organisation.ctx, id, { email: 'ada@example.com' })
    await updateWaitlist(organisation.ctx, id, {
      name: 'No referrals',
      description: '',
      skip_amount: '5',
      referrals_enabled: '',
    })
    const user = await asUser(product, organisation.owner)
    const { html } = await user.post(`/o/${organisation.slug}/waitlists/${id}/export`)
    expect(rowsOf(html)[0]).toMatchObject({ email: 'ada@example.com', referral_code: '', status_link: '' })
  })

  test('works for an archived waitlist, and for an empty one', async () => {
    const id = await makeWaitlist(organisation)
    await archiveWaitlist(organisation.ctx, id)
    const user = await asUser(product, organisation.owner)
    const { status, html } = await user.post(`/o/${organisation.slug}/waitlists/${id}/export`)
    expect([status, html]).toEqual([
      200,
      'id,email,joined_at,state,position,referral_code,referral_count,referred_by,status_link\r\n',
    ])
  })

  test('is for admins and owners of the organisation alone', async () => {
    const id = await makeWaitlist(organisation)
    const path = `/o/${organisation.slug}/waitlists/${id}/export`
    const member = await asUser(product, await makeMember(product, organisation, 'member'))
    expect((await member.post(path)).status).toBe(403)
    expect((await member.get(path.replace('/export', ''))).html).not.toContain('/export')
    const other = await makeOrganisation(product)
    const stranger = await asUser(product, other.owner)
    expect((await stranger.post(path)).status).toBe(404)
    expect((await stranger.post(`/o/${other.slug}/waitlists/${id}/export`)).status).toBe(404)
    const admin = await asUser(product, await makeMember(product, organisation, 'admin'))
    expect((await admin.post(path)).status).toBe(200)
    expect((await admin.post(path, {}, { Origin: 'https://elsewhere.example' })).status).toBe(403)
    expect(await exported(id)).toHaveLength(1)
  })
})
