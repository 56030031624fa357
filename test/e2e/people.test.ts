import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { launchBrowser } from '../browser.ts'
import { makeOrganisation, makeProduct, type TestProduct } from '../make.ts'
import { mailedPath, password } from '../people.ts'
import { startVisit } from './visit.ts'

let product: TestProduct
let browser: Browser
beforeAll(async () => {
  ;[product, browser] = await Promise.all([makeProduct(), launchBrowser()])
})
afterAll(async () => {
  await browser?.close()
  await product?.close()
})

it.each([true, false])(
  'somebody is invited, joins as nobody else can, is made admin, hands over and leaves, with JavaScript %s',
  async (js) => {
    const organisation = await makeOrganisation(product, 'pro')
    const { name } = organisation.ctx.organisation
    const members = `/o/${organisation.slug}/members`
    const email = `grace-${js}@example.com`
    const twice = js ? 'dblclick' : 'click'
    const ada = await startVisit(browser, product, { javaScriptEnabled: js, person: organisation.owner })
    const grace = await startVisit(browser, product, { javaScriptEnabled: js })

    await ada.open(members)
    await ada.page.getByLabel('E-mail').fill(email)
    await ada.page.getByRole('button', { name: 'Send invitation' })[twice]()
    const waiting = ada.page.getByRole('table', { name: 'Invitations' })
    await waiting.getByText(email, { exact: true }).waitFor()
    const first = await mailedPath(product, email, 'invitations')
    await waiting.getByRole('button', { name: 'Send again' }).click()
    await ada.page.getByText('The invitation is on its way.').waitFor()
    const link = await mailedPath(product, email, 'invitations')
    expect(link).not.toBe(first)

    // Whoever else is signed in is told whom it is for, and by signing out is back here.
    await ada.open(link)
    await ada.page.getByText(`You are signed in as ${organisation.owner.email}.`).waitFor()
    expect(await grace.open(first)).toBe(404)
    await grace.open(link)
    await grace.page.getByRole('link', { name: 'Create an account' }).click()
    expect(await grace.page.getByLabel('E-mail').inputValue()).toBe(email)
    await grace.page.getByLabel('Password').fill(password)
    await grace.page.getByRole('button', { name: 'Create account' })[twice]()
    await grace.page.getByRole('button', { name: `Join ${name}` })[twice]()
    await grace.page.getByRole('heading', { name: 'Waitlists', exact: true }).waitFor()
    const nav = grace.page.getByRole('navigation', { name: 'Main' })
    expect(await nav.getByRole('link').allInnerTexts()).toEqual(['Waitlists'])
    // The link in the mail still leads in.
    await grace.open(link)
    await grace.page.waitForURL(`**/o/${organisation.slug}/waitlists`)

    await ada.open(members)
    await ada.page.getByLabel(`Role of ${email}`, { exact: true }).selectOption('Admin')
    await ada.page.getByRole('button', { name: `Change the role of ${email}` }).click()
    await ada.page.getByText('The role is changed.').waitFor()
    await grace.open(members)
    expect(await nav.getByRole('link').allInnerTexts()).toContain('API keys')
    // The last owner stays; handed over, an admin may go.
    await ada.page.getByRole('link', { name: 'Leave' }).click()
    await ada.page.getByRole('dialog').getByRole('button', { name: 'Leave organisation' }).click()
    await ada.page.getByText('An organisation keeps at least one owner.').waitFor()
    await ada.page.getByRole('link', { name: 'Transfer ownership' }).click()
    await ada.page.getByLabel('New owner').selectOption(email)
    await ada.page.getByRole('dialog').getByRole('button', { name: 'Transfer ownership' })[twice]()
    await ada.page.getByText('You are an admin now.').waitFor()
    await ada.page.getByRole('link', { name: 'Leave' }).click()
    await ada.page.getByRole('dialog').getByRole('button', { name: 'Leave organisation' })[twice]()
    await ada.page.waitForURL('**/organisations/new')
    expect(await ada.open(members)).toBe(404)
    await grace.page.reload()
    expect(await grace.page.getByRole('table', { name: 'Members' }).getByRole('row').count()).toBe(2)
    expect([...ada.complaints, ...grace.complaints]).toEqual([])
    await Promise.all([ada.context.close(), grace.context.close()])
  },
)

it('a person changes their name, address and password, ends their other sessions, and deletes their account', async () => {
  const { owner, slug, ctx } = await makeOrganisation(product)
  const here = await startVisit(browser, product, { person: owner })
  const there = await startVisit(browser, product, { person: owner })
  const { page } = here
  await here.open('/account')
  await page.getByLabel('Your name').fill('Ada 👩‍💻 <Lovelace>')
  await page.getByRole('button', { name: 'Save name' }).dblclick()
  await page.getByText('Your name is saved.').waitFor()
  await page.getByRole('banner').getByText('Ada 👩‍💻 <Lovelace>').first().waitFor()

  await there.open('/account')
  await page.getByRole('button', { name: 'Sign out everywhere else' }).click()
  await page.getByRole('status').waitFor()
  await there.page.reload()
  await there.page.getByRole('heading', { name: 'Sign in' }).waitFor()

  const email = owner.email.replace('owner', 'new')
  await page.getByLabel('New address').fill(email)
  await page.getByRole('button', { name: 'Change address' }).click()
  await page.getByText(email).first().waitFor()
  await here.open(await mailedPath(product, email, 'confirm-email'))
  await page.getByRole('main').getByRole('button').click()
  await page.getByText(`You sign in as ${email}`).waitFor()

  await page.getByLabel('Current password').fill(owner.password)
  await page.getByLabel('New password').fill('short')
  await page.getByRole('button', { name: 'Change password' }).click()
  await page.getByText('Choose a password of at least 10 characters.').waitFor()
  await page.getByLabel('Current password').fill(owner.password)
  await page.getByLabel('New password').fill('a wholly other password')
  await page.getByRole('button', { name: 'Change password' }).click()
  await page
    .getByText(/password is/i)
    .first()
    .waitFor()

  await there.page.getByLabel('E-mail').fill(email)
  await there.page.getByLabel('Password').fill('a wholly other password')
  await there.page.getByRole('button', { name: 'Sign in' }).click()
  await there.page.getByRole('heading', { name: 'Account', exact: true }).waitFor()
  // The only owner stays; once the organisation is deleted, nothing keeps them.
  await there.page.getByRole('link', { name: 'Delete account' }).click()
  const question = there.page.getByRole('dialog', { name: 'Delete your account?' })
  await question.getByLabel(/^Type/).fill(email)
  await question.getByRole('button', { name: 'Delete account' }).click()
  await there.page.getByText('You are the only owner').waitFor()
  await there.open(`/o/${slug}/settings/delete`)
  await there.page.getByLabel(/^Type/).fill(ctx.organisation.name)
  await there.page.getByRole('dialog').getByRole('button', { name: 'Delete organisation' }).click()
  await there.page.getByRole('button', { name: 'Bring it back' }).waitFor()
  await there.open('/account/delete')
  await question.getByLabel(/^Type/).fill(email)
  await question.getByRole('button', { name: 'Delete account' }).dblclick()
  await there.page.getByText('Your account is deleted.').waitFor()
  await there.page.goBack()
  await there.page.getByRole('heading', { name: 'Sign in' }).waitFor()
  expect([...here.complaints, ...there.complaints]).toEqual([])
  await Promise.all([here.context.close(), there.context.close()])
})
