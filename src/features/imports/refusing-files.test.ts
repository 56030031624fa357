import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { asUser } from '../../../test/as.ts'
import { bringFile, doQueued, pressStart, sendFile } from '../../../test/bring-file.ts'
import {
  makeMember,
  makeOrganisation,
  makeProduct,
  makeWaitlist,
  type TestOrganisation,
  type TestProduct,
} from '../../../test/make.ts'
import { textOf } from '../../../test/people.ts'
import { listSubscribers } from '../subscribers/list-subscribers.ts'
import { archiveWaitlist } from '../waitlists/archive-waitlist.ts'
import { maxKeptBytes } from './room-for-files.ts'

let product: TestProduct
let organisation: TestOrganisation
let user: Awaited<ReturnType<typeof asUser>>
beforeAll(async () => {
  product = await makeProduct()
  organisation = await makeOrganisation(product, 'team')
  user = await asUser(product, organisation.owner)
})
afterAll(() => product?.close())

async function place() {
  const id = await makeWaitlist(organisation)
  return { id, path: `/o/${organisation.slug}/waitlists/${id}` }
}
const people = async (id: string) =>
  (await listSubscribers(organisation.ctx, id, { page: 1, limit: 200, needle: '' })).items
const kept = (table: 'imports' | 'import_chunks') =>
  product.database.owner.kysely.selectFrom(table).selectAll().execute()

describe('what is refused leaves nothing behind', () => {
  test.each([
    ['an empty file', '', /The file is empty/],
    ['a file of empty lines', '\n\r\n', /The file is empty/],
    ['a workbook', Buffer.from('504b030414000600', 'hex'), /Save it as “CSV UTF-8”/],
    ['a JSON file', ' [\n  {"email": "a@example.com"}]', /This file is JSON\. Convert it to CSV/],
    ['lines of JSON', '{"email":"a@example.com"}\n{"email":"b@example.com"}\n', /This file is JSON/],
    ['a picture', Buffer.from('89504e470d0a1a0a0000000d', 'hex'), /not text/],
  ])('%s', async (name, content, sentence) => {
    const { path } = await place()
    const before = await kept('import_chunks')
    const answer = await sendFile(
      product,
      user,
      `${path}/import?form_nonce=${'a'.repeat(21)}${name.length % 10}`,
      content,
    )
    expect(answer.status).toBe(422)
    expect(textOf(answer.html)).toMatch(sentence)
    expect(await kept('import_chunks')).toEqual(before)
  })

  test('no file, no form, a form sent by another site, a broken upload', async () => {
    const { path } = await place()
    const action = `${path}/import?form_nonce=${'b'.repeat(22)}`
    const none = await sendFile(product, user, action, '', '')
    expect([none.status, textOf(none.html)]).toEqual([422, expect.stringContaining('Choose a file.')])
    expect((await user.post(action)).status).toBe(415)
    const elsewhere = await fetch(product.url + action, {
      method: 'POST',
      headers: { Cookie: user.cookie(), Origin: 'https://x.example' },
    })
    expect(elsewhere.status).toBe(403)
    for (const body of [
      '',
      'nonsense',
      '--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\nemail\n',
    ]) {
      const headers = { Cookie: user.cookie(), Origin: product.url, 'Content-Type': 'multipart/form-data; boundary=x' }
      const answer = await fetch(product.url + action, { method: 'POST', headers, body })
      expect([body, answer.status]).toEqual([body, 400])
    }
    expect((await kept('imports')).filter(({ state }) => state === 'uploading')).toEqual([])
  })

  test('members, strangers, archived waitlists', async () => {
    const { id, path } = await place()
    const here = await bringFile(product, user, path, 'email\na@example.com\n')
    const addresses = [`${path}/import`, here, `${here}/cancel`]
    const member = await asUser(product, await makeMember(product, organisation, 'member'))
    const other = await makeOrganisation(product)
    const stranger = await asUser(product, other.owner)
    const theirs = `/o/${other.slug}/waitlists/${await makeWaitlist(other)}`
    for (const address of addresses) {
      expect([address, (await member.get(address)).status]).toEqual([address, 403])
      expect([address, (await stranger.get(address)).status]).toEqual([address, 404])
      const moved = address.replace(path, theirs)
      if (moved !== `${theirs}/import`) expect([moved, (await stranger.get(moved)).status]).toEqual([moved, 404])
    }
    for (const [who, status] of [
      [member, 403],
      [stranger, 404],
    ] as const) {
      expect((await who.post(`${here}/results.csv`)).status).toBe(status)
      expect((await who.post(here, { step: 'start', delimiter: ',', email: '0' })).status).toBe(
        status === 403 ? 403 : 404,
      )
      expect((await who.post(`${here}/cancel`)).status).toBe(status)
      expect((await sendFile(product, who, `${path}/import?form_nonce=${'c'.repeat(22)}`, 'email\n')).status).toBe(
        status,
      )
    }
    const elsewhere = await place()
    expect((await user.get(here.replace(id, elsewhere.id))).status).toBe(404)
    await archiveWaitlist(organisation.ctx, id)
    expect((await sendFile(product, user, `${path}/import?form_nonce=${'d'.repeat(22)}`, 'email\n')).status).toBe(409)
    expect(textOf((await user.get(`${path}/import`)).html)).toContain('it takes nobody in')
    await pressStart(user, here).catch(() => undefined)
    await doQueued(product)
    expect(await people(id)).toEqual([])
  })

  test('more files than anybody needs that wait to be started', async () => {
    const other = await makeOrganisation(product, 'team')
    const owner = await asUser(product, other.owner)
    const path = `/o/${other.slug}/waitlists/${await makeWaitlist(other)}`
    for (let n = 0; n < 20; n++) await bringFile(product, owner, path, 'email\na@example.com\n')
    const refused = await sendFile(product, owner, `${path}/import?form_nonce=${'e'.repeat(22)}`, 'email\n')
    expect([refused.status, textOf(refused.html)]).toEqual([422, expect.stringContaining('Start or discard one')])
    await owner.post(`${(await owner.get(`${path}/import`)).html.match(/href="([^"]+imp_[^"]+)"/)?.[1]}/cancel`)
    await bringFile(product, owner, path, 'email\na@example.com\n')
  })

  test('files that are over make room for new ones, the oldest first; those that wait do not', async () => {
    const other = await makeOrganisation(product, 'team')
    const owner = await asUser(product, other.owner)
    const path = `/o/${other.slug}/waitlists/${await makeWaitlist(other)}`
    const content = 'email\na@example.com\n'
    const bring = async (state: 'done' | 'cancelled' | 'uploaded') => {
      const here = await bringFile(product, owner, path, content)
      if (state !== 'uploaded') await pressStart(owner, here)
      if (state === 'cancelled') await owner.post(`${here}/cancel`)
      await doQueued(product)
      return here
    }
    const grow = (here: string, bytes: number) =>
      product.database.owner.kysely
        .updateTable('imports')
        .set({ bytes })
        .where('id', '=', here.split('/').at(-1) ?? '')
        .execute()
    const hasResults = async (here: string) => (await owner.post(`${here}/results.csv`)).status === 200
    const [oldest, cancelled, done, waiting] = [
      await bring('done'),
      await bring('cancelled'),
      await bring('done'),
      await bring('uploaded'),
    ]
    for (const here of [oldest, cancelled, done]) await grow(here, Math.ceil(maxKeptBytes / 3))
    await bringFile(product, owner, path, content)
    expect([await hasResults(oldest), await hasResults(cancelled), await hasResults(done)]).toEqual([false, true, true])
    expect(textOf((await owner.get(oldest)).html)).toContain('Added 1')
    await grow(waiting, maxKeptBytes / 2)
    await bringFile(product, owner, path, content)
    expect([await hasResults(cancelled), await hasResults(done)]).toEqual([false, true])

    await grow(waiting, maxKeptBytes)
    const before = (await kept('imports')).length
    const refused = await sendFile(product, owner, `${path}/import?form_nonce=${'f'.repeat(22)}`, content)
    expect([refused.status, textOf(refused.html)]).toEqual([422, expect.stringContaining('Start or discard one')])
    expect(await kept('imports')).toHaveLength(before)
    await owner.post(`${waiting}/cancel`)
    await bringFile(product, owner, path, content)
  })

  test.each(['files', 'pieces'] as const)('more %s than anybody brings in an hour', async (what) => {
    const other = await makeOrganisation(product, 'team')
    const owner = await asUser(product, other.owner)
    const path = `/o/${other.slug}/waitlists/${await makeWaitlist(other)}`
    // Nothing comes back to a bucket that was filled in the future.
    await sql`insert into rate_limits values (${`import-${what}:${other.id}`}, 0, clock_timestamp() + interval '1 day')`.execute(
      product.database.owner.kysely,
    )
    const before = (await kept('imports')).length
    const answer = await sendFile(
      product,
      owner,
      `${path}/import?form_nonce=${'g'.repeat(22)}`,
      'email\na@example.com\n',
    )
    expect([answer.status, textOf(answer.html)]).toEqual([429, expect.stringContaining('has uploaded')])
    expect(await kept('imports')).toHaveLength(before)
  })

  test('a file that is discarded is gone', async () => {
    const { path } = await place()
    const before = (await kept('import_chunks')).length
    const here = await bringFile(product, user, path, 'email\nforgotten-person@example.com\n')
    expect((await user.get(`${here}/cancel`)).html).toContain('Discard this file?')
    expect((await user.post(`${here}/cancel`)).location).toBe(`${path}/import?done=discarded`)
    expect((await user.get(here)).status).toBe(404)
    expect(await kept('import_chunks')).toHaveLength(before)
  })
})
