import { passwordReset, twoFactorOff } from '../../src/features/accounts/accounts.cli.ts'
import type { CredentialEvent } from '../../src/features/accounts/credential-events.ts'
import { mailedPath } from '../people.ts'
import { type AccountOwner, type AccountWorld, newAddress, resetLink, turnOnTwoFactor } from './account-world.ts'
import { openBrowser } from './browser-of.ts'

export interface Cause {
  /** How it comes about. */
  way: string
  /** The account was made before there was a mail server. */
  isUnconfirmed?: true
  hasTwoFactor?: true
  cause(world: AccountWorld, owner: AccountOwner): Promise<void>
}

const anotherPassword = 'quite another password'

function mustBe(answer: { status: number; location?: string | null }, expected: string): void {
  const found = answer.location ?? String(answer.status)
  if (found !== expected) throw new Error(`${found} instead of ${expected}`)
}

async function reset(owner: AccountOwner, world: AccountWorld, at: 'plain' | 'mailing', link: string) {
  const browser = await openBrowser(world.plain, '192.0.2.77')
  mustBe(await browser.to(world[at], link, { password: anotherPassword }), '/sign-in?done=password')
  owner.password = anotherPassword
}

/** Every way to each event, through the pages and the command line. */
export const causes: Record<CredentialEvent, Cause[]> = {
  password_changed: [
    {
      way: 'the account page',
      async cause(_, owner) {
        const form = { current_password: owner.password, password: anotherPassword }
        mustBe(await owner.browser.post('/account/password', form), '/account?saved=password')
        owner.password = anotherPassword
      },
    },
  ],
  password_reset: [
    {
      way: 'a mailed link',
      cause: async (world, owner) => reset(owner, world, 'mailing', await resetLink(world, owner.email)),
    },
    {
      way: 'a link of the operator',
      async cause(world, owner) {
        const { json } = await passwordReset(world.plain.services, { email: owner.email })
        const { pathname } = new URL((json as { url: string }).url)
        world.plain.issued.add(pathname.split('/').at(-1) ?? '')
        await reset(owner, world, 'plain', pathname)
      },
    },
  ],
  account_claimed: [
    {
      way: 'a mailed link',
      isUnconfirmed: true,
      hasTwoFactor: true,
      async cause(world, owner) {
        await reset(owner, world, 'mailing', await resetLink(world, owner.email))
        delete owner.secret
      },
    },
  ],
  email_changed: [
    {
      way: 'the mailed link',
      async cause({ plain }, owner) {
        const email = newAddress()
        await owner.browser.post('/account/email', { email })
        const link = await mailedPath(plain, email, 'confirm-email')
        mustBe(await owner.browser.post(link), '/account?saved=email-confirmed')
        owner.email = email
      },
    },
  ],
  two_factor_on: [
    { way: 'the account page', cause: async (world, owner) => void (await turnOnTwoFactor(world, owner)) },
  ],
  two_factor_off: [
    {
      way: 'the account page',
      hasTwoFactor: true,
      async cause({ clock }, owner) {
        const form = { off_password: owner.password, code: clock.nextCode(owner.secret ?? '') }
        mustBe(await owner.browser.post('/account/two-factor/off', form), '/account?saved=two-factor-off')
        delete owner.secret
      },
    },
  ],
  two_factor_removed: [
    {
      way: 'the command line',
      hasTwoFactor: true,
      async cause({ plain }, owner) {
        await twoFactorOff(plain.services, { email: owner.email })
        delete owner.secret
      },
    },
  ],
  recovery_codes_renewed: [
    {
      way: 'the account page',
      hasTwoFactor: true,
      async cause(_, owner) {
        mustBe(await owner.browser.post('/account/two-factor/recovery-codes'), '201')
      },
    },
  ],
  signed_out_elsewhere: [
    {
      way: 'the account page',
      async cause(_, owner) {
        mustBe(await owner.browser.post('/account/sign-out-elsewhere'), '/account?saved=sessions')
      },
    },
  ],
  account_deleted: [
    {
      way: 'the account page',
      async cause({ plain }, owner) {
        // Their first organisation goes first.
        const start = (await owner.browser.get('/')).location ?? ''
        const slug = /^\/o\/([^/]+)/.exec(start)?.[1] ?? ''
        await plain.database.owner.kysely
          .deleteFrom('members')
          .where('organisation_id', 'in', (query) =>
            query.selectFrom('organisations').select('id').where('slug', '=', slug),
          )
          .execute()
        mustBe(await owner.browser.post('/account/delete', { confirmation: owner.email }), '/sign-in?done=deleted')
      },
    },
  ],
}
