import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { passwordReset, twoFactorOff } from '../src/features/accounts/accounts.cli.ts'
import type { ActivityAction } from '../src/features/activity/activity.ts'
import { keyCreate, keyRevoke } from '../src/features/api-keys/api-keys.cli.ts'
import {
  contextOf,
  memberAdd,
  memberRemove,
  orgCreate,
  orgSetPlan,
} from '../src/features/organisations/organisations.cli.ts'
import { subscribersImport } from '../src/features/subscribers/subscribers.cli.ts'
import { waitlistCreate } from '../src/features/waitlists/waitlists.cli.ts'
import type { CommandResult } from '../src/platform/cli/run-command.ts'
import { asUnavailable } from '../src/platform/db/connection-failure.ts'
import { AppError } from '../src/platform/errors.ts'
import { randomBase62 } from '../src/platform/secrets.ts'
import { type Answer, type Change, makeScene, type Scene } from './changes.ts'
import { makeApiKey } from './make.ts'
import { signUp } from './people.ts'
import { stopClock, turnOn } from './two-factor.ts'

const address = () => `somebody-${randomBase62(10).toLowerCase()}@changes.example`

/** A command, answered as a request would be: what it prints, or what its error says. */
function command(
  name: string,
  writes: ActivityAction[] | { nothing: string },
  prepare: (scene: Scene) => Promise<() => Promise<CommandResult>>,
): Change {
  return {
    route: `queueup ${name}`,
    writes,
    async begin(product) {
      const run = await prepare(await makeScene(product))
      return async (): Promise<Answer> => {
        try {
          return { status: 200, headers: new Headers(), text: (await run()).text }
        } catch (thrown) {
          const error = asUnavailable(thrown)
          if (!(error instanceof AppError)) return { status: 500, headers: new Headers(), text: '' }
          return { status: error.status, headers: new Headers(error.headers), text: error.message }
        }
      }
    },
  }
}

/** Every command that changes something in a database that is there. */
export const changesOfCommands: Change[] = [
  command('org create', ['organisation.created'], async ({ product }) => {
    const options = { name: 'Acme', ownerEmail: address(), ownerPassword: 'a long enough password' }
    return () => orgCreate(product.services, options)
  }),
  command(
    'org set-plan',
    ['plan.changed'],
    async ({ product, organisation }) =>
      () =>
        orgSetPlan(product.services, { org: organisation.slug, plan: 'pro' }),
  ),
  command('member add', ['member.joined'], async ({ product, organisation }) => {
    const options = { org: organisation.slug, email: address(), password: 'a long enough password', role: 'admin' }
    return () => memberAdd(product.services, options)
  }),
  command('member remove', ['member.removed'], async ({ product, organisation, member }) => {
    const { email } = await member()
    return () => memberRemove(product.services, { org: organisation.slug, email })
  }),
  command('password reset', { nothing: 'it belongs to a person, not to an organisation' }, async (scene) => {
    const { email } = scene.organisation.owner
    return () => passwordReset(scene.product.services, { email })
  }),
  command('two-factor off', { nothing: 'it belongs to a person, not to an organisation' }, async ({ product }) => {
    const email = address()
    await turnOn(await signUp(product, email), stopClock(product))
    return () => twoFactorOff(product.services, { email })
  }),
  command('waitlist create', ['waitlist.created'], async ({ product, organisation }) => {
    return async () => waitlistCreate(await contextOf(product.services, organisation.slug), { name: 'Launch' })
  }),
  command('key create', ['api_key.created'], async ({ product, organisation }) => {
    const options = { name: 'crm', scope: ['subscribers:read'] }
    return async () => keyCreate(await contextOf(product.services, organisation.slug), options)
  }),
  command('key revoke', ['api_key.revoked'], async ({ product, organisation }) => {
    const { id } = await makeApiKey(organisation)
    return async () => keyRevoke(await contextOf(product.services, organisation.slug), id)
  }),
  {
    ...command('subscribers import', ['subscriber.imported'], async ({ product, organisation, waitlist }) => {
      const options = { waitlist: await waitlist(), file: join(product.services.config.dataDir, 'people.csv') }
      writeFileSync(options.file, 'email\nada@changes.example\n')
      return async () => subscribersImport(await contextOf(product.services, organisation.slug), options)
    }),
    // The mark that it is under way is asked for again, and goes with the connection.
    unneeded: /^select pg_(?:try_)?advisory_/,
    piecewise: 'what it has added stands in the log as a stopped import; run again it goes on',
  },
]
