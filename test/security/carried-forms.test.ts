import { afterAll, beforeAll, expect, test } from 'vitest'
import { asUser } from '../as.ts'
import { makeMember, makeOrganisation, makeProduct, makeWaitlist, type TestProduct } from '../make.ts'
import { actionsOf, dump } from '../people.ts'
import { stopClock } from '../two-factor.ts'

let product: TestProduct
beforeAll(async () => {
  product = await makeProduct()
})
afterAll(() => product.close())

const typed = 'Only the person who typed it may read this'
const carriedIn = (html: string) => /name="carried" value="([\w-]+)"/.exec(html)?.[1] ?? ''

/** A form that its owner sent after their session had ended, as their browser holds it now; `other` is an admin beside them. */
async function carry() {
  const organisation = await makeOrganisation(product, 'team')
  const { owner, slug } = organisation
  const setup = `/o/${slug}/waitlists/${await makeWaitlist(organisation, 'Launch')}/setup`
  const browser = await asUser(product, owner)
  const mark = /name="form_owner" value="([\w-]+)"/.exec((await browser.get(setup)).html)?.[1] ?? ''
  const form = { name: 'Launch', description: typed, skip_amount: '5', version: '1' }
  await browser.post('/sign-out')
  const asked = await browser.post(setup, { ...form, form_owner: mark })
  const other = await makeMember(product, organisation, 'admin')
  const stored = async () => (await actionsOf(product, organisation)).filter((action) => action === 'waitlist.updated')
  return { organisation, owner, other, setup, browser, carried: carriedIn(asked.html), asked, mark, form, stored }
}

test('another account that signs in at that page sees nothing of what was typed, whatever it sends', async () => {
  const { other, setup, browser, carried, asked, mark, stored } = await carry()
  expect(asked.html).not.toContain(typed)
  const signedIn = await browser.post('/sign-in', { ...other, next: setup, carried })
  expect([signedIn.status, signedIn.location]).toEqual([303, '/'])
  const replayed = await browser.post(setup, { carried })
  expect([replayed.status, replayed.location]).toEqual([303, '/'])
  // Nor where they may use the same form themselves, or claim to be the owner of what they send.
  const claimed = await browser.post(setup, { carried, form_owner: mark })
  expect([claimed.status, claimed.location]).toEqual([303, '/'])
  for (const { html } of [signedIn, replayed, claimed, await browser.get(setup)]) expect(html).not.toContain(typed)
  expect(await stored()).toEqual([])
})

test('what was typed is in no table, cookie or address', async () => {
  const { browser, asked } = await carry()
  expect(await dump(product)).not.toContain(typed)
  expect([asked.headers.getSetCookie(), asked.location, browser.cookie()]).toEqual([[], null, ''])
})

test('replayed by its owner it shows the form again and saves nothing; after an hour it shows nothing', async () => {
  const { owner, setup, browser, carried, stored } = await carry()
  const realClock = product.services.now
  const clock = stopClock(product)
  try {
    await browser.post('/sign-in', owner)
    for (let i = 0; i < 2; i++) {
      const shown = await browser.post(setup, { carried })
      expect([shown.status, shown.html.includes(typed)]).toEqual([422, true])
    }
    clock.wait(3_601)
    const late = await browser.post(setup, { carried })
    expect([late.status, late.location]).toEqual([303, setup])
    await browser.post('/sign-out')
    const signedIn = await browser.post('/sign-in', { ...owner, next: setup, carried })
    expect([signedIn.status, signedIn.location]).toEqual([303, setup])
    expect(await stored()).toEqual([])
  } finally {
    product.services.now = realClock
  }
})

test('tampered with, cut off or made up it shows nothing and breaks nothing', async () => {
  const { owner, setup, browser, carried, stored } = await carry()
  const swapped = carried.startsWith('A') ? `B${carried.slice(1)}` : `A${carried.slice(1)}`
  const sealedForOther = product.services.secrets.seal('half-session', '{}').toString('base64url')
  for (const bad of [
    swapped,
    carried.slice(0, -4),
    'A',
    '%00',
    `${carried}A`,
    sealedForOther,
    '{"path":"//evil.example"}',
  ]) {
    const visitor = await asUser(product, undefined)
    const signedIn = await visitor.post('/sign-in', { ...owner, next: setup, carried: bad })
    expect([signedIn.status, signedIn.location]).toEqual([303, setup])
    const shown = await visitor.post(setup, { carried: bad })
    expect([shown.status, shown.location, shown.html.includes(typed)]).toEqual([303, setup, false])
  }
  // Read in another form it shows nothing: the other form's empty page comes.
  await browser.post('/sign-in', owner)
  const elsewhere = await browser.post(setup.replace('/setup', '/add'), { carried })
  expect([elsewhere.status, elsewhere.location]).toEqual([303, setup.replace('/setup', '/add')])
  expect(await stored()).toEqual([])
})

test('of a form that is not listed nothing is carried, and the sign-in comes first', async () => {
  const { setup, browser, mark } = await carry()
  const asked = await browser.post(setup.replace('/setup', '/archive'), { form_owner: mark })
  expect([asked.status, carriedIn(asked.html)]).toEqual([303, ''])
  expect(asked.location).toMatch(/^\/sign-in\?next=/)
})

test('somebody who lost the role meanwhile is refused as for any form', async () => {
  const { organisation, owner, setup, browser, carried } = await carry()
  // Another owner, since the last one cannot lose the role.
  await makeMember(product, organisation, 'owner')
  await product.database.owner.kysely
    .updateTable('members')
    .set({ role: 'member' })
    .where('organisation_id', '=', organisation.id)
    .where('user_id', '=', owner.id)
    .execute()
  await browser.post('/sign-in', owner)
  expect((await browser.post(setup, { carried })).status).toBe(403)
  await product.database.owner.kysely
    .deleteFrom('members')
    .where('organisation_id', '=', organisation.id)
    .where('user_id', '=', owner.id)
    .execute()
  const gone = await browser.post(setup, { carried })
  expect([gone.status, gone.html.includes(typed)]).toEqual([404, false])
})
