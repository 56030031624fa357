import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createApp } from '../src/app.tsx'
import { mintApiKeySecret } from '../src/features/api-keys/api-key-secret.ts'
import { readConfig } from '../src/platform/config.ts'
import { makeLog } from '../src/platform/log/make-log.ts'
import { makeSecrets, randomBase62 } from '../src/platform/secrets.ts'
import { reportFigure } from './figures.ts'
import { makeProduct } from './make.ts'

const runs = 3_000

function logged(...said: unknown[]): string {
  const lines: string[] = []
  const log = makeLog('trace', { write: (line) => void lines.push(line) })
  Reflect.apply(log.error, log, said)
  return lines.join('')
}

const settings = {
  SECRET_KEY: `${randomBase62(30)}"\\é=`,
  SECRET_KEY_PREVIOUS: randomBase62(43),
  DATABASE_URL: `postgres://queueup:${randomBase62(10)}%2Fx@db.example:5432/queueup`,
  SMTP_URL: `smtp://mailer:${randomBase62(12)}@smtp.example:587`,
  STRIPE_SECRET_KEY: `sk_live_${randomBase62(24)}`,
  STRIPE_WEBHOOK_SECRET: `whsec_${randomBase62(32)}`,
  STRIPE_PRICE_PRO: 'price_pro',
  STRIPE_PRICE_TEAM: 'price_team',
}
readConfig(settings)
makeSecrets(settings.SECRET_KEY)
const passwordOf = (url: string) => new URL(url).password

/** A secret, and how it comes to stand in a text. Whatever it is named, and wherever it lies, it must not be seen. */
interface Hidden {
  secret: string
  text: string
}

const token = fc.integer({ min: 16, max: 40 }).map((length) => randomBase62(length))
const formed = fc.oneof(
  fc
    .constant(0)
    .map(() => mintApiKeySecret())
    .map((key) => ({ secret: key.slice(12), text: key })),
  token.map((secret) => ({ secret, text: `Bearer ${secret}` })),
  token.map((secret) => ({ secret, text: `authorization: basic ${secret}` })),
  token.map((secret) => ({ secret, text: `a=b; __Host-queueup.session_token=${secret}.${randomBase62(10)}; c=d` })),
  token.map((secret) => ({ secret, text: `queueup.half_session=${secret}` })),
  token.map((secret) => ({ secret, text: `http://localhost:3000/reset-password/${secret}?x=1` })),
  token.map((secret) => ({ secret, text: `GET /invitations/${secret} HTTP/1.1` })),
  token.map((secret) => ({ secret, text: `postgres://someone:${secret}@db.example/queueup` })),
  token.map((secret) => ({ secret, text: `https://api.example/?api_key=${secret}&limit=1` })),
  token.map((secret) => ({ secret, text: `{"email":"a@example.com","password":"${secret}"}` })),
  token.map((secret) => ({ secret, text: `otpauth://totp/QueueUp?issuer=QueueUp&secret=${secret}` })),
  fc.constantFrom('7k2m-9q4x-0abc-zz11').map((secret) => ({ secret, text: `recovery ${secret} used` })),
  fc
    .constantFrom(
      settings.SECRET_KEY,
      settings.SECRET_KEY_PREVIOUS,
      passwordOf(settings.DATABASE_URL),
      decodeURIComponent(passwordOf(settings.DATABASE_URL)),
      passwordOf(settings.SMTP_URL),
      settings.STRIPE_SECRET_KEY,
      settings.STRIPE_WEBHOOK_SECRET,
    )
    .map((secret) => ({ secret, text: secret })),
)
const inText: fc.Arbitrary<Hidden> = fc
  .tuple(
    fc.constantFrom('', 'failed: ', 'x="', '\n', '{', "it's '"),
    formed,
    fc.constantFrom('', ' again', '"', '\u2028', '\\', '}'),
  )
  .map(([before, { secret, text }, after]) => ({ secret, text: before + text + after }))

const names = fc.constantFrom(
  ...['password', 'newPassword', 'current_password', 'passphrase', 'secret', 'clientSecret', 'token', 'accessToken'],
  ...['Authorization', 'proxy-authorization', 'Cookie', 'set-cookie', 'apiKey', 'X-API-Key', 'api_key', 'private_key'],
  ...['signature', 'Stripe-Signature', 'recoveryCodes', 'form_nonce', 'credentials', 'session_token'],
)

/** What an attacker or an accident hands to the log, with the secrets that are in it. */
interface Said {
  said: unknown
  secrets: string[]
}

const leaf: fc.Arbitrary<Said> = fc.oneof(
  inText.map(({ secret, text }) => ({ said: text, secrets: [secret] })),
  inText.map(({ secret, text }) => ({ said: Object.assign(new Error(text), { [text]: 1 }), secrets: [secret] })),
  token.map((secret) => ({
    said: new Headers({ authorization: secret, cookie: secret, 'x-api-key': secret }),
    secrets: [secret],
  })),
  token.map((secret) => ({ said: ['Host', 'x', 'Cookie', secret, 'X-Api-Key', secret], secrets: [secret] })),
  token.map((secret) => ({
    said: Buffer.from(secret),
    secrets: [secret, Buffer.from(secret).toString('base64'), Buffer.from(secret).join()],
  })),
  token.map((secret) => ({
    said: Object.assign(new Error('duplicate key'), {
      detail: `Key (email)=(${secret})`,
      where: secret,
      parameters: [secret],
      query: secret,
    }),
    secrets: [secret],
  })),
  fc
    .oneof(fc.integer(), fc.string(), fc.date(), fc.bigInt(), fc.constant(undefined), fc.constant(null))
    .map((said) => ({ said, secrets: [] })),
)

const { tree } = fc.letrec<{ tree: Said }>((tie) => ({
  tree: fc.oneof(
    { depthSize: 'medium', maxDepth: 6 },
    leaf,
    fc.tuple(names, token, tie('tree')).map(([name, secret, { said, secrets }]) => ({
      said: { [name]: { deeper: [secret] }, beside: said, nested: { [name]: secret } },
      secrets: [secret, ...secrets],
    })),
    fc
      .array(tie('tree'), { maxLength: 3 })
      .map((all) => ({ said: all.map(({ said }) => said), secrets: all.flatMap(({ secrets }) => secrets) })),
    tie('tree').map(({ said, secrets }) => ({ said: new Map<string, unknown>([['x', said]]), secrets })),
    tie('tree').map(({ said, secrets }) => ({ said: new Set([said]), secrets })),
    tie('tree').map(({ said, secrets }) => ({ said: new Error('outer', { cause: said }), secrets })),
    tie('tree').map(({ said, secrets }) => ({ said: new AggregateError([said, said], 'all of them'), secrets })),
    tie('tree').map(({ said, secrets }) => ({
      said: Object.assign(Object.create({ inherited: said }), { own: said }),
      secrets,
    })),
  ),
}))

test('no secret reaches a line of the log, however deep it lies, whatever it lies in', () => {
  let held = 0
  fc.assert(
    fc.property(tree, inText, fc.constantFrom('err', 'req', 'x', 'body'), ({ said, secrets }, hidden, name) => {
      for (const line of [
        logged({ [name]: said }, 'something failed'),
        logged(said instanceof Error ? said : { said }, hidden.text),
        logged(hidden.text),
      ]) {
        held += secrets.length
        for (const secret of [...secrets, hidden.secret]) {
          expect(line).not.toContain(secret)
          expect(line).not.toContain(JSON.stringify(secret).slice(1, -1))
        }
        expect(JSON.parse(line)).toMatchObject({ level: 50 })
        // biome-ignore lint/suspicious/noControlCharactersInRegex: none of them may be there.
        expect(line).toMatch(/^[^\x00-\x1f\x7f-\x9f\u2028\u2029]+\n$/)
      }
    }),
    { numRuns: runs },
  )
  expect(held).toBeGreaterThan(runs)
  reportFigure('secrets given to the log, none seen in it', held)
})

test('what helps to mend something is still there', () => {
  const error = Object.assign(new Error('relation "x" does not exist', { cause: new TypeError('inner') }), {
    code: '42P01',
  })
  const line = JSON.parse(
    logged(
      {
        err: error,
        api_key_id: 'key_1',
        secret_version: 'abc',
        organisation: 'org_1',
        prefix: 'qu_live_AbCd…',
        at: new Date(0),
      },
      'it failed',
    ),
  )
  expect(line).toMatchObject({
    msg: 'it failed',
    api_key_id: 'key_1',
    secret_version: 'abc',
    organisation: 'org_1',
    prefix: 'qu_live_AbCd…',
    at: '1970-01-01T00:00:00.000Z',
    err: {
      type: 'Error',
      message: 'relation "x" does not exist',
      code: '42P01',
      cause: { type: 'TypeError', message: 'inner' },
    },
  })
  expect(line.err.stack).toContain('log-keeps-secrets.test.ts')
})

test('what has no end is cut off, and what cannot be read is said to be so', () => {
  const round: Record<string, unknown> = { many: Array.from({ length: 100_000 }, (_, i) => i) }
  round.again = round
  Object.defineProperty(round, 'broken', {
    enumerable: true,
    get: () => {
      throw new Error('no')
    },
  })
  const line = logged({ round })
  expect(line.length).toBeLessThan(5_000)
  expect(JSON.parse(line).round).toMatchObject({ again: '[circular]', broken: '[unreadable]' })
})

test('the address of every page that a token opens is told without it', async () => {
  const product = await makeProduct()
  const pages = createApp(product.services).routes.filter(({ path }) => path.includes(':token'))
  expect(pages.length).toBeGreaterThan(5)
  for (const { path } of pages)
    expect(logged(`GET ${path.replace(':token', 'aB3dE5gH7jK9mN1p')} failed`)).not.toContain('aB3d')
  await product.close()
})
