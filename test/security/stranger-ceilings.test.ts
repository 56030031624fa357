import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { mailboxRule } from '../../src/features/accounts/mail-buckets.ts'
import { formRules } from '../../src/features/accounts/sign-in-limits.ts'
import { strangerCeilings } from '../../src/features/accounts/stranger-ceilings.ts'
import { invitationRules, inviteMember } from '../../src/features/organisations/invite-member.ts'
import { asUser } from '../as.ts'
import { makeOrganisation, makeProduct, type TestProduct } from '../make.ts'
import { mailedPath, mailsTo, password, signUp, textOf } from '../people.ts'

let product: TestProduct
beforeAll(async () => {
  product = await makeProduct({ TRUSTED_PROXIES: '127.0.0.1', SMTP_URL: 'smtp://127.0.0.1:1' })
  await signUp(product, 'first@example.com')
})
afterAll(() => product.close())
beforeEach(() => sql`delete from rate_limits`.execute(product.database.owner.kysely))

const from = (address: string) => ({ 'X-Forwarded-For': address })
const visitor = () => asUser(product, undefined)
const useUp = (subject: string) =>
  sql`insert into rate_limits (subject, tokens, refilled_at)
    values (${subject}, 0, clock_timestamp() + interval '1 hour')`.execute(product.database.owner.kysely)
const isLimited = { code: 'rate_limited' }

/** An organisation of somebody's who has been here for long. */
async function makeEstablished() {
  const organisation = await makeOrganisation(product, 'team')
  await sql`update users set created_at = now() - interval '1 year' where id = ${organisation.owner.id}`.execute(
    product.database.owner.kysely,
  )
  return organisation
}

test('sign-ups from everywhere together are limited, and invited people are not refused for them', async () => {
  const organisation = await makeOrganisation(product)
  await inviteMember(organisation.ctx, { email: 'invited@example.com', role: 'member' })
  const next = await mailedPath(product, 'invited@example.com', 'invitations')
  await useUp('server:signUp')
  const stranger = await (await visitor()).post('/sign-up', { email: 'a@example.com', password }, from('192.0.2.1'))
  expect([stranger.status, textOf(stranger.html)]).toEqual([429, expect.stringContaining('Too many of these')])
  expect(Number(stranger.headers.get('retry-after'))).toBeGreaterThan(0)
  expect(await mailsTo(product, 'a@example.com')).toEqual([])
  const invited = await visitor()
  expect((await invited.post('/sign-up', { email: 'invited@example.com', password, next })).location).toBe(next)
})

test.each(['signUp', 'forgotPassword'] as const)(
  'the ceiling of %s is not held by twenty networks or providers',
  (what) => {
    for (const reach of ['network', 'provider'] as const)
      expect(strangerCeilings[what].perSecond / formRules[reach].perSecond).toBeGreaterThanOrEqual(20)
  },
)

test('forgotten passwords from everywhere together are limited, and a trusted device is not refused for them', async () => {
  const email = 'first@example.com'
  const signedIn = await (await visitor()).post('/sign-in', { email, password })
  const device = signedIn.headers
    .getSetCookie()
    .find((line) => line.includes('trusted_device'))
    ?.split(';')[0]
  await useUp('server:forgotPassword')
  expect((await (await visitor()).post('/forgot-password', { email }, from('192.0.2.1'))).status).toBe(429)
  expect(await mailsTo(product, email)).toEqual([])
  const trusted = { ...from('192.0.2.1'), Cookie: device ?? '' }
  expect((await (await visitor()).post('/forgot-password', { email }, trusted)).status).toBe(200)
  expect(await mailsTo(product, email)).toHaveLength(1)
  // It is trusted for its own account alone.
  expect((await (await visitor()).post('/forgot-password', { email: 'x@example.com' }, trusted)).status).toBe(429)
})

test('mails that new accounts cause are limited together, and those of older accounts are not refused for them', async () => {
  const [newcomer, established] = [await makeOrganisation(product), await makeEstablished()]
  await useUp('server:newcomerMail')
  await expect(inviteMember(newcomer.ctx, { email: 'b@example.com', role: 'member' })).rejects.toMatchObject(isLimited)
  await inviteMember(established.ctx, { email: 'b@example.com', role: 'member' })
  const user = await asUser(product, newcomer.owner)
  expect((await user.post('/account/email', { email: 'c@example.com' })).status).toBe(429)
  expect(await mailsTo(product, 'c@example.com')).toEqual([])
})

test('an organisation’s invitations are limited, and another’s are not refused for them', async () => {
  const [busy, calm] = [await makeOrganisation(product, 'team'), await makeOrganisation(product, 'team')]
  await useUp(`invite:${busy.id}`)
  await expect(inviteMember(busy.ctx, { email: 'd@example.com', role: 'member' })).rejects.toMatchObject(isLimited)
  await inviteMember(calm.ctx, { email: 'd@example.com', role: 'member' })
})

test('a user’s invitations are counted over all their organisations', async () => {
  const { ctx, owner } = await makeEstablished()
  const organisations = [ctx]
  for (let i = 0; i < 2; i++) {
    const other = await makeOrganisation(product, 'team')
    await sql`insert into members (organisation_id, user_id, role) values (${other.id}, ${owner.id}, 'owner')`.execute(
      product.database.owner.kysely,
    )
    organisations.push({ ...other.ctx, actor: ctx.actor })
  }
  let sent = 0
  const limited: unknown[] = []
  for (const one of organisations)
    for (let i = 0; i < invitationRules.organisation.burst; i++)
      await inviteMember(one, { email: `p${i}-${one.organisation.slug}@example.com`, role: 'member' }).then(
        () => void sent++,
        (error) => void limited.push(error),
      )
  // Less than a token comes back while this runs.
  expect(sent).toBe(invitationRules.user.burst)
  expect(limited).toHaveLength(invitationRules.organisation.burst)
  expect(limited[0]).toMatchObject(isLimited)
})

test('many organisations together cannot flood a stranger’s mailbox, however it is spelled', async () => {
  const spellings = ['flooded@example.com', ' FLOODED@example.com', 'Flooded@EXAMPLE.com\t', 'flooded@Example.Com']
  const answers: string[] = []
  for (let i = 0; i < 8; i++) {
    const { ctx } = await makeOrganisation(product)
    const invitation = { email: spellings[i % spellings.length], role: 'member' }
    answers.push(
      await inviteMember(ctx, invitation).then(
        () => 'sent',
        (error) => error.code,
      ),
    )
  }
  expect(answers).toEqual([...Array(mailboxRule.burst).fill('sent'), ...Array(3).fill('rate_limited')])
})
