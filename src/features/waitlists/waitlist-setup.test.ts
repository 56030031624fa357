import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { asApiKey, asUser } from '../../../test/as.ts'
import {
  makeApiKey,
  makeMember,
  makeOrganisation,
  makeProduct,
  makeWaitlist,
  type TestProduct,
} from '../../../test/make.ts'
import { log, textOf } from '../../../test/people.ts'

let product: TestProduct
beforeAll(async () => {
  product = await makeProduct()
})
afterAll(() => product.close())

async function setUp() {
  const organisation = await makeOrganisation(product)
  const waitlist = await makeWaitlist(organisation, 'Launch')
  const admin = await makeMember(product, organisation, 'admin')
  const address = `/o/${organisation.slug}/waitlists/${waitlist}/setup`
  const ada = await asUser(product, organisation.owner)
  const grace = await asUser(product, admin)
  const versionOf = async () => /name="version" value="(\d+)"/.exec((await ada.get(address)).html)?.[1] ?? ''
  const form = { name: 'Launch', description: '', skip_amount: '5', referrals_enabled: 'on' }
  const changes = async () =>
    (await log(product, `/o/${organisation.slug}`)).filter(({ action }) => action === 'waitlist.updated')
  return { organisation, waitlist, admin, address, ada, grace, versionOf, form, changes }
}

/** What the page's form would send as it stands. */
function formOf(html: string) {
  const value = (name: string) => new RegExp(`name="${name}"[^>]*? value="([^"]*)"`).exec(html)?.[1] ?? ''
  return {
    name: value('name'),
    description: /<textarea[^>]*>([^<]*)/.exec(html)?.[1] ?? '',
    skip_amount: value('skip_amount'),
    referrals_enabled: /<input[^>]*name="referrals_enabled"[^>]*checked/.test(html) ? 'on' : '',
    version: value('version'),
  }
}

describe('two people who set up one waitlist at once', () => {
  test('who saves later is told what changed and by whom, keeps the draft, and saves both by saving again', async () => {
    const { address, ada, grace, versionOf, form, changes, organisation, admin } = await setUp()
    const version = await versionOf()
    const first = await grace.post(address, { ...form, name: 'Spring launch', skip_amount: '9', version })
    expect(first.status).toBe(303)

    const later = await ada.post(address, { ...form, name: 'Big launch', description: 'For early ones', version })
    expect(later.status).toBe(409)
    expect(textOf(later.html)).toMatch(
      new RegExp(`${admin.email} saved this waitlist while you were editing.*Nothing of yours is saved yet`),
    )
    expect(textOf(later.html)).toContain(`Name went from Launch to Spring launch ( ${admin.email} )`)
    expect(textOf(later.html)).toContain(`Now, by ${admin.email} : Spring launch`)
    // Contested: hers. Untouched by her: what is there now.
    const draft = formOf(later.html)
    expect(draft).toMatchObject({ name: 'Big launch', description: 'For early ones', skip_amount: '9' })
    expect(await changes()).toHaveLength(1)

    expect((await ada.post(address, draft)).status).toBe(303)
    expect((await changes()).at(-1)).toMatchObject({
      actor_name: organisation.owner.email,
      changes: {
        before: { name: 'Spring launch', description: '' },
        after: { name: 'Big launch', description: 'For early ones' },
      },
    })
  })

  test('of a long description that was changed the beginning is told, letters whole', async () => {
    const { address, ada, grace, versionOf, form } = await setUp()
    const version = await versionOf()
    await grace.post(address, { ...form, description: '🚀'.repeat(500), version })
    const later = await ada.post(address, { ...form, name: 'Big launch', version })
    expect(textOf(later.html)).toContain(`Description went from nothing to ${'🚀'.repeat(200)}… (`)
    expect(formOf(later.html).description).toBe('🚀'.repeat(500))
  })

  test('an old form that says what is saved already is no conflict, nor is one sent twice', async () => {
    const { address, ada, grace, versionOf, form, changes } = await setUp()
    const version = await versionOf()
    const same = { ...form, name: 'Same', version }
    for (const user of [grace, grace, ada]) expect((await user.post(address, same)).status).toBe(303)
    expect(await changes()).toHaveLength(1)
  })

  test('at the same moment one is saved, the other told', async () => {
    const { address, ada, grace, versionOf, form } = await setUp()
    const version = await versionOf()
    const answers = await Promise.all([
      ada.post(address, { ...form, name: 'A', version }),
      grace.post(address, { ...form, name: 'B', version }),
    ])
    expect(answers.map((answer) => answer.status).sort()).toEqual([303, 409])
  })

  test('of several changes between, the last of each field counts; a mistake keeps the version it began with', async () => {
    const { address, ada, grace, versionOf, form } = await setUp()
    const version = await versionOf()
    await grace.post(address, { ...form, referrals_enabled: '', version })
    await grace.post(address, { ...form, referrals_enabled: '', skip_amount: '7', version: await versionOf() })
    await grace.post(address, { ...form, referrals_enabled: '', skip_amount: '8', version: await versionOf() })
    const mistake = await ada.post(address, { ...form, skip_amount: '101', version })
    expect([mistake.status, formOf(mistake.html)]).toMatchObject([422, { version, skip_amount: '101' }])
    const later = await ada.post(address, { ...formOf(mistake.html), skip_amount: '6' })
    expect(later.status).toBe(409)
    expect(textOf(later.html)).toMatch(
      /Places ahead for each person went from 5 to 8.*Referrals went|Referrals went from on to off.*Places ahead for each person went from 5 to 8/,
    )
    expect(formOf(later.html)).toMatchObject({ skip_amount: '6', referrals_enabled: '' })
  })
})

test('an odd version is refused; a description keeps its lines whatever ends them', async () => {
  const { address, ada, form, changes } = await setUp()
  for (const version of ['x', '-1', '1'.repeat(16)])
    expect((await ada.post(address, { ...form, name: 'x', version })).status).toBe(422)
  for (const description of ['One\r\nTwo', 'One\nTwo']) await ada.post(address, { ...form, description })
  expect(await changes()).toMatchObject([{ changes: { after: { description: 'One\nTwo' } } }])
})

test('an archived waitlist’s API answers 404, and after the restore everything is there again', async () => {
  const { organisation, waitlist, ada, address } = await setUp()
  const api = asApiKey(product, (await makeApiKey(organisation)).secret)
  const path = `/waitlists/${waitlist}/subscribers`
  for (let i = 0; i < 3; i++) await api.post(path, { email: `p${i}@example.com` })
  const before = (await api.get(path)).text
  await ada.post(address.replace('/setup', '/archive'))
  expect([(await api.get(path)).status, (await api.post(path, { email: 'n@example.com' })).status]).toEqual([404, 404])
  expect(textOf((await ada.get(address)).html)).toContain('This waitlist is archived')
  expect((await ada.post(address.replace('/setup', '/restore'))).status).toBe(303)
  expect((await api.get(path)).text).toBe(before)
  expect((await api.post(path, { email: 'n@example.com' })).json.position).toBe(4)
})
