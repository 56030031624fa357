import { afterAll, beforeAll, expect, test } from 'vitest'
import { asApiKey, asUser } from '../../../test/as.ts'
import { makeApiKey, makeMember, makeWaitlist } from '../../../test/make.ts'
import { textOf } from '../../../test/people.ts'
import { leadsTo, makeBuyer, makeSoldProduct, makeSubscriber, type SoldProduct } from '../../../test/sold.ts'
import { dayInWords } from '../../platform/day-in-words.ts'

let sold: SoldProduct
beforeAll(async () => {
  sold = await makeSoldProduct()
})
afterAll(() => sold.close())

test('from the Plan page to the checkout, to the event, to the plan, to a key that works', async () => {
  const { product, stripe } = sold
  const buyer = await makeBuyer(sold)
  const page = await buyer.owner.get(`${buyer.home}/plan`)
  expect(textOf(page.html)).toContain('on Free')
  expect(textOf(page.html)).toMatch(/€29 a month.*€99 a month/)
  const answer = await buyer.checkout('pro')
  expect(answer.status).toBe(200)
  const url = leadsTo(answer)
  expect(url).toMatch(/^https:\/\/checkout\.stripe\.com\//)
  expect(answer.html).toContain(`href="${url}"`)
  const [session] = [...stripe.sessions.values()].filter((known) => known.url === url)
  expect(session).toMatchObject({
    mode: 'subscription',
    client_reference_id: buyer.organisation.id,
    success_url: `${product.url}${buyer.home}/plan?back=checkout`,
    line_items: { data: [{ price: { id: 'price_pro' } }] },
  })
  expect(await buyer.plans()).toEqual([])

  const subscription = stripe.pay(url)
  expect((await sold.tell('customer.subscription.created', subscription)).status).toBe(200)
  expect(await buyer.plans()).toEqual(['Stripe: pro'])
  const waitlist = await makeWaitlist(buyer.organisation)
  const key = await makeApiKey(buyer.organisation)
  expect((await asApiKey(product, key.secret).get(`/waitlists/${waitlist}/subscribers`)).status).toBe(200)
})

test('back from the checkout the owner sees the new plan at once, though no event has come', async () => {
  const buyer = await makeBuyer(sold)
  sold.stripe.pay(leadsTo(await buyer.checkout('team')))
  const back = await buyer.owner.get(`${buyer.home}/plan?back=checkout`)
  expect(back).toMatchObject({ status: 303, location: `${buyer.home}/plan?paid=1` })
  expect(textOf((await buyer.owner.get(`${buyer.home}/plan?paid=1`)).html)).toContain(
    'Thank you. The plan is Team now.',
  )
  expect(await buyer.plans()).toEqual(['Stripe: team'])
})

test('a checkout that is left, or runs out, leaves nothing behind, and the next one works', async () => {
  const buyer = await makeBuyer(sold)
  const url = leadsTo(await buyer.checkout('pro'))
  expect(textOf((await buyer.owner.get(`${buyer.home}/plan?left=1`)).html)).toContain('Nothing was bought')
  const session = [...sold.stripe.sessions.values()].find((known) => known.url === url)
  Object.assign(session ?? {}, { status: 'expired', url: null })
  expect((await sold.tell('checkout.session.expired', session)).status).toBe(200)
  expect(await buyer.plans()).toEqual([])
  sold.stripe.pay(leadsTo(await buyer.checkout('pro')))
  await buyer.owner.get(`${buyer.home}/plan?back=checkout`)
  expect(await buyer.plans()).toEqual(['Stripe: pro'])
})

test('the checkout of a plan asked for twice, in two tabs and at the same moment, is one checkout of one customer', async () => {
  const buyer = await makeBuyer(sold)
  const answers = await Promise.all([buyer.checkout('pro'), buyer.checkout('pro'), buyer.checkout('pro')])
  const urls = new Set(answers.map(leadsTo))
  expect(urls.size).toBe(1)
  expect(leadsTo(await buyer.checkout('pro'))).toBe([...urls][0])
  const named = [...sold.stripe.customers.values()].filter(
    (customer) => !customer.deleted && customer.metadata.organisation_id === buyer.organisation.id,
  )
  expect(named).toHaveLength(1)
})

test('two tabs that check out different plans cannot end in two subscriptions', async () => {
  const buyer = await makeBuyer(sold)
  const first = leadsTo(await buyer.checkout('pro'))
  const second = leadsTo(await buyer.checkout('team'))
  expect(() => sold.stripe.pay(first)).toThrow('not open')
  sold.stripe.pay(second)
  const third = await buyer.checkout('pro')
  expect(third.status).toBe(409)
  expect(textOf(third.html)).toContain('has a subscription already')
  expect(await buyer.plans()).toEqual(['Stripe: team'])
})

test('a first payment that still waits for the bank gives nothing, and its checkout stays open until it is there', async () => {
  const buyer = await makeBuyer(sold)
  const url = leadsTo(await buyer.checkout('pro'))
  const customer = [...sold.stripe.sessions.values()].find((known) => known.url === url)?.customer
  const begun = sold.stripe.subscribe(String(customer), 'price_pro', { status: 'incomplete' })
  await sold.tell('customer.subscription.created', begun)
  expect(textOf((await buyer.owner.get(`${buyer.home}/plan`)).html)).toMatch(/there is none at present.*Choose Pro/)
  expect(leadsTo(await buyer.checkout('pro'))).toBe(url)
  expect(await buyer.plans()).toEqual([])
  await sold.tell('customer.subscription.updated', sold.stripe.set(begun.id, { status: 'active' }))
  expect(await buyer.plans()).toEqual(['Stripe: pro'])
  expect((await buyer.checkout('pro')).status).toBe(409)
})

test('different plans at the same moment: one checkout stays open, the other tab is told', async () => {
  const buyer = await makeBuyer(sold)
  const answers = await Promise.all([buyer.checkout('pro'), buyer.checkout('team')])
  const open = [...sold.stripe.sessions.values()].filter(
    ({ status, client_reference_id }) => status === 'open' && client_reference_id === buyer.organisation.id,
  )
  expect(open).toHaveLength(1)
  expect(answers.filter((answer) => leadsTo(answer) === open[0]?.url)).toHaveLength(1)
})

test('a checkout that was made at Stripe just before the process ended is the one that the next try leads to', async () => {
  const buyer = await makeBuyer(sold)
  const url = leadsTo(await buyer.checkout('pro'))
  await sold.product.database.owner.kysely
    .updateTable('billing_accounts')
    .set({ checkout_session_id: null })
    .where('organisation_id', '=', buyer.organisation.id)
    .execute()
  expect(leadsTo(await buyer.checkout('pro'))).toBe(url)
})

test('only an owner buys, and only what is for sale', async () => {
  const buyer = await makeBuyer(sold)
  for (const role of ['admin', 'member'] as const) {
    const user = await asUser(sold.product, await makeMember(sold.product, buyer.organisation, role))
    expect((await user.post(`${buyer.home}/plan/checkout`, { plan: 'pro' })).status).toBe(403)
    expect((await user.post(`${buyer.home}/plan/portal`, { task: 'manage' })).status).toBe(403)
  }
  const stranger = await makeBuyer(sold)
  expect((await stranger.owner.post(`${buyer.home}/plan/checkout`, { plan: 'pro' })).status).toBe(404)
  expect(
    (await buyer.owner.post(`${buyer.home}/plan/checkout`, { plan: 'pro' }, { Origin: 'https://evil.example' })).status,
  ).toBe(403)
  for (const plan of ['free', 'platinum', '']) expect((await buyer.checkout(plan)).status).toBe(422)
  expect((await buyer.owner.post(`${buyer.home}/plan/portal`, { task: 'manage' })).status).toBe(409)
})

test('with a subscription the owner comes to the portal: to switch, to cancel, or to its start where it is not set up for that', async () => {
  const { owner, home } = await makeSubscriber(sold)
  const to = async (task: string) => leadsTo(await owner.post(`${home}/plan/portal`, { task }))
  expect(await to('manage')).toMatch(/\/p\/start$/)
  expect(await to('switch')).toMatch(/\/p\/subscription_update$/)
  expect(await to('cancel')).toMatch(/\/p\/subscription_cancel$/)
  sold.stripe.state.portalSetUp = false
  expect(await to('cancel')).toMatch(/\/p\/start$/)
  sold.stripe.state.portalSetUp = true
  expect((await owner.post(`${home}/plan/portal`, { task: 'steal' })).status).toBe(400)
})

test('cancelling, or switching down, first asks with what is lost; closing the question changes nothing', async () => {
  const { owner, home, organisation, subscription, plans } = await makeSubscriber(sold, 'team')
  await makeApiKey(organisation)
  for (const name of ['Spring', 'Autumn']) await makeWaitlist(organisation, name)
  for (let n = 0; n < 3; n++) await makeMember(sold.product, organisation, 'member')
  const page = (await owner.get(`${home}/plan`)).html
  expect(page).toContain(`href="${home}/plan/switch/free"`)
  expect(page).not.toContain(`action="${home}/plan/portal"><input type="hidden" name="task" value="cancel"`)
  const asked = sold.stripe.requests.length
  const question = await owner.get(`${home}/plan/switch/free`)
  const text = textOf(question.html)
  const ends = new Date((subscription.items.data[0]?.current_period_end ?? 0) * 1_000)
  expect(text).toContain(
    `The plan stays Team until what is paid for runs out, on ${dayInWords(ends)}; then it is Free.`,
  )
  expect(text).toContain('Your 2 API keys fall asleep then: calls answer 403 feature_not_allowed')
  expect(text).toContain('You have 2 waitlists and Free allows 1: all of them stay')
  expect(text).toContain('You have 4 members and Free allows 1')
  expect(text).toContain('shows the last 30 days. What is older is hidden then')
  expect(question.html).toMatch(
    /action="[^"]*\/plan\/portal" class="dialog-actions"><input [^>]*name="task" value="cancel"/,
  )
  expect(question.html).toContain(`href="${home}/plan#switch-to-free"`)
  const down = textOf((await owner.get(`${home}/plan/switch/pro`)).html)
  expect(down).toMatch(/You have 4 members and Pro allows 3.* shows the last year\./)
  expect(down).not.toMatch(/asleep|waitlists and Pro/)
  expect(sold.stripe.requests.length).toBe(asked)
  expect(await plans()).toEqual(['Stripe: team'])

  await sold.tell('customer.subscription.updated', sold.stripe.set(subscription.id, { cancel_at_period_end: true }))
  for (const plan of ['free', 'team'])
    expect(await owner.get(`${home}/plan/switch/${plan}`)).toMatchObject({ status: 303, location: `${home}/plan` })
  await sold.tell('customer.subscription.updated', sold.stripe.set(subscription.id, { status: 'unpaid' }))
  expect((await owner.get(`${home}/plan/switch/pro`)).status).toBe(303)
})

test('where the plan is Free already for a payment that failed, cancelling says that it is no way back', async () => {
  const { owner, home, subscription } = await makeSubscriber(sold)
  await sold.tell('customer.subscription.updated', sold.stripe.set(subscription.id, { status: 'past_due' }))
  const text = textOf((await owner.get(`${home}/plan/switch/free`)).html)
  expect(text).toContain('The plan is Free already; once the subscription has ended, paying what is owed no longer')
  expect(text).not.toContain('fall asleep')
})

test('a customer that was deleted at Stripe is replaced at the next checkout', async () => {
  const buyer = await makeBuyer(sold)
  await buyer.checkout('pro')
  const [[id] = ['']] = [...sold.stripe.customers].filter(
    ([, customer]) => !customer.deleted && customer.metadata.organisation_id === buyer.organisation.id,
  )
  sold.stripe.customers.set(id, { id, object: 'customer', deleted: true })
  const subscription = sold.stripe.pay(leadsTo(await buyer.checkout('pro')))
  expect(subscription.customer).not.toBe(id)
  await sold.tell('customer.subscription.created', subscription)
  expect(await buyer.plans()).toEqual(['Stripe: pro'])
})
