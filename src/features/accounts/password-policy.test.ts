import fc from 'fast-check'
import { expect, test } from 'vitest'
import { randomBase62 } from '../../platform/secrets.ts'
import { requireUncommonPassword } from './password-policy.ts'

const ada = { email: 'ada.lovelace1815@analytical.example', name: 'Ada Lovelace' }
const verdict = (password: string, owner: { email: string; name?: string } = ada) =>
  requireUncommonPassword(password, owner)
    .then(() => 'accepted')
    .catch((error: Error) => error.message)

test.each([
  '1234567890',
  'qwertyuiop',
  'password123',
  'Password123',
  'ｐａｓｓｗｏｒｄ１２３',
  'pass word 123',
  'iloveyou123',
  'football123',
  'aaaaaaaaaa',
  '          ',
  '\u3000'.repeat(12),
  '🦊'.repeat(10),
  'abababababab',
  'abcabcabcabcabc',
  '1212121212121',
  'abcdefghijklm',
  '0123456789',
  '98765432109876543210'.slice(0, 10),
  'ЯЯЯЯЯЯЯЯЯЯ',
  'P@ssw0rd123',
  'Summer2026!',
  'letmein!!!!',
  '2026Welcome!',
  'admin123456',
])('"%s" is too common', async (password) => {
  expect(await verdict(password)).toMatch(/too common/)
})

test.each([
  'queueup2026',
  'Qu3u3Up2026',
  'QueueUp!!!!!!2026',
  'Queue-Up 123456',
  'waitlist12345!',
  'password!2026#',
  'ada.lovelace1815',
  'AdaLovelace!',
  'Lovelace20262026',
  'Ada1234!!!!!!',
  'ada.lovelace1815@analytical.example',
  'analytical2026',
  'Ada Lovelace',
])('"%s" is little more than what is known of the person and the product', async (password) => {
  expect(await verdict(password)).toMatch(/little more than your email address|too common/)
})

test.each([
  'correct horse battery staple',
  'a long enough password',
  'Ada counts to seven, twice',
  'queueup was my 3rd idea',
  'trombone-eclipse',
  'Пять белых ворон летят',
  '株式会社の秘密の合言葉だよ',
  'Tr0ub4dor&3x',
  'dragon8374652910',
  '74652-91038-66420',
])('"%s" is accepted', async (password) => {
  expect(await verdict(password)).toBe('accepted')
})

test('no password that was made at random is refused, for anybody', async () => {
  const text = fc.string({ minLength: 1, maxLength: 30 })
  await fc.assert(
    fc.asyncProperty(text, text, async (local, name) => {
      expect(await verdict(randomBase62(16), { email: `${local}@example.com`, name })).toBe('accepted')
    }),
    { numRuns: 200 },
  )
})

test('a person of few letters may use them in a password', async () => {
  expect(await verdict('li 94 bq 7734 xv', { email: 'li@x.example', name: 'Li' })).toBe('accepted')
  expect(await verdict('7734-9921-6640-x', { email: 'x@x.example', name: 'X' })).toBe('accepted')
})
