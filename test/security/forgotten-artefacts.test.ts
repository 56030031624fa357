import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  type CredentialEvent,
  credentialEvents,
  trustArtefacts,
} from '../../src/features/accounts/credential-events.ts'
import { cookieName } from '../../src/features/accounts/session-cookie.ts'
import { makeProduct, type TestProduct } from '../make.ts'

const root = new URL('../../src', import.meta.url).pathname

/** Tables with rows of a user or of a session that are no way into the account. */
const otherTables: Record<string, string> = {
  credentials: 'the password itself, which the events change',
  two_factors: 'the secret itself, which the events change',
  recovery_codes: 'go with the secret, and are replaced as a whole',
  members: 'what a user may do, not who they are',
  invitations: 'who sent them; the link is for its own address',
}

/** Cookies that are half of a way in, and the artefact that each belongs to. */
const cookies: Record<Parameters<typeof cookieName>[1], (typeof trustArtefacts)[number]> = {
  session_token: 'sessions',
  half_session: 'mfa_challenges',
  trusted_device: 'trusted_devices',
  sign_up: 'sign_ups',
}

/** Writes of what somebody signs in with. */
const writes = [
  /(?:insertInto|updateTable|deleteFrom)\('(?:credentials|two_factors|recovery_codes)'\)/,
  /deleteFrom\('users'\)/,
  /updateTable\('users'\)[^;]*?\.set\(\(eb\) => \(\{\s*email,/,
]

/** Files with such writes that are no change of credentials, or are part of one. */
const otherWriters: Record<string, string> = {
  'create-person.ts': 'a new account: nothing is trusted yet',
  'recovery-codes.ts': 'the codes, for the verb that renews them; a code that is used up ends nothing',
  'renew-two-factor-secrets.ts': 'the same secret under another SECRET_KEY',
  'two-factor.ts': 'a code that is used up',
}

let product: TestProduct
beforeAll(async () => {
  product = await makeProduct()
})
afterAll(() => product.close())

test('every table with rows of a user or a session is an artefact of trust, or says why not', async () => {
  const { rows } = await sql<{ name: string }>`
    select distinct c.relname as name from pg_constraint f join pg_class c on c.oid = f.conrelid
    where f.contype = 'f' and f.confrelid in ('users'::regclass, 'sessions'::regclass, 'two_factors'::regclass)
    order by 1`.execute(product.database.owner.kysely)
  const artefacts: string[] = trustArtefacts.filter((name) => !['mfa_challenges', 'sign_ups'].includes(name))
  expect(rows.map(({ name }) => name)).toEqual([...artefacts, ...Object.keys(otherTables)].toSorted())
})

test('every cookie of ours belongs to an artefact', () => {
  const text = readFileSync(join(root, 'features/accounts/session-cookie.ts'), 'utf8')
  const names = /name: ((?:'\w+'(?: \| )?)+)/.exec(text)?.[1]?.match(/\w+/g) ?? []
  expect(names.toSorted()).toEqual(Object.keys(cookies).toSorted())
  expect(cookieName(product.services.config, 'session_token')).toContain('session_token')
})

test('whatever changes what somebody signs in with ends what rests on it', () => {
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(
    (path) => /\.tsx?$/.test(path) && !path.includes('.test.'),
  )
  const writers = files.filter((path) => {
    const text = readFileSync(join(root, path), 'utf8')
    return writes.some((pattern) => pattern.test(text))
  })
  expect(writers.length).toBeGreaterThan(Object.keys(otherWriters).length + 4)
  const forgetful = writers.filter(
    (path) => !/credentialsChanged(?:Here)?\(/.test(readFileSync(join(root, path), 'utf8')),
  )
  expect(forgetful.map((path) => path.split('/').at(-1)).toSorted()).toEqual(Object.keys(otherWriters).toSorted())
})

const inTheGuide: Record<CredentialEvent, string> = {
  password_changed: 'You change your password',
  password_reset: 'You choose a new password through a link, mailed or from the operator',
  account_claimed: 'You choose a new password through a mailed link, and the address was never confirmed',
  email_changed: 'You confirm a new email address',
  two_factor_on: 'You turn on two-factor sign-in',
  two_factor_off: 'You turn off two-factor sign-in',
  two_factor_removed: 'The operator turns off two-factor sign-in',
  recovery_codes_renewed: 'You make new recovery codes',
  signed_out_elsewhere: 'You sign out everywhere else',
  account_deleted: 'You delete your account',
}

test('the guide has the table of events as it is in the code', () => {
  const words = { ends: 'end', 'ends elsewhere': 'end elsewhere', stays: 'stay' }
  const guide = readFileSync(join(root, '../docs/guide/people.md'), 'utf8')
  const rows = (Object.keys(inTheGuide) as CredentialEvent[]).map((event) => {
    const effects = trustArtefacts.map((artefact) => words[credentialEvents[event][artefact]])
    return `| ${[inTheGuide[event], ...effects].join(' | ')} |`
  })
  expect(Object.keys(inTheGuide)).toEqual(Object.keys(credentialEvents))
  expect(guide).toContain(`|\n${rows.join('\n')}\n\n`)
})
