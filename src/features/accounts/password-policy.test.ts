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

/** What each is for whom: a password, and whose it would be where that matters. */
type Case = [password: string, email?: string, name?: string]

const anybody = (...passwords: string[]): Case[] => passwords.map((password) => [password])

const refusals: Case[] = [
  // A common password again and again, with signs and substitutions.
  ...anybody('monkeymonkey', 'qwerty qwerty qwerty', 'P@ssw0rd-P@ssw0rd', 'P@ssw0rd!P@ssw0rd!', 'monkey1monkey1'),
  ...anybody(
    'dragon-dragon-dragon',
    'MonkeyMonkeyMon',
    'Sunshine Sunshine 1',
    'P@ssw0rd1 P@ssw0rd2',
    'letmein/letmein!',
  ),
  // Keyboard walks, sequences and numbers, and two or three of them.
  ...anybody(
    'qwertyuiop1234567',
    'qwertyasdfgh',
    '1qaz2wsx3edc',
    'asdfghjklöä2026',
    'йцукенфывапр',
    'abcdefgh12345678',
  ),
  ...anybody('aaaabbbbcccc', 'zxcvbnm,zxcvbnm', '!@#$%^&*()', '0987654321qwerty', 'αβγδεζηθικ', 'azertyuiop2026'),
  // A common word with little around it.
  ...anybody(
    'S-u-n-s-h-i-n-e',
    'sunshine19840512',
    '  baseball  1999 ',
    '!!!!!!!!!!dragon!!!!!!!!!!',
    '1234567890monkey',
  ),
  // In other languages.
  ...anybody(
    'Passwort2026!',
    'Schatz1234567',
    'motdepasse!1',
    'jetaime!2026',
    'contraseña99',
    'contrasena#99',
    'Пароль123456',
  ),
  ...anybody('wachtwoord01', 'salasana1234', 'senha2026!!!', 'liebling-liebling'),
  // The name and the email address, in every order, with initials, titles, digits and without marks.
  ['Ada@example.com', 'ada.lovelace@example.com'],
  ['lovelace-ada-1815', 'ada.lovelace@example.com'],
  ['ALovelace1815', 'ada.lovelace@example.com'],
  ['Ada_L0velace!', 'ada.lovelace@example.com'],
  ['ann83746529', 'ann@example.com'],
  ['Muller-Jürgen!', 'x@example.com', 'Jürgen Müller'],
  ['Müller!Müller', 'x@example.com', 'Jürgen Müller'],
  ['Петров Иван 1', 'x@example.com', 'Иван Петров'],
  ["O'Brien 2026!", 'x@example.com', 'Siobhán O’Brien'],
  ['mellon!2026!', 'a@mellon.com'],
  ['u83746529!2026', 'u83746529@example.com'],
  ['AdaPassword!1', 'ada@example.com'],
  ...anybody('QueueUpQueueUp', 'waitlist-queueup-26'),
]

test.each(refusals)('"%s" is refused for %s', async (password, email = ada.email, name = '') => {
  expect(await verdict(password, { email, name })).toMatch(/too common|little more than/)
})

const choices: Case[] = [
  // A name or a common word within what was chosen otherwise is fine.
  ['ann73915572810', 'ann@example.com'],
  ['mellon!8473920571', 'a@mellon.com'],
  ['Adam Smith likes tea', 'ada@example.com', 'Ada'],
  ['Lovelace at the seaside', 'ada.lovelace@example.com'],
  ['planner-xk7q-94', 'ann@example.com'],
  ['example of a sentence', 'ada@example.com'],
  ['u83746529 rows the boat', 'u83746529@example.com'],
  ['a12kx9vq3w', 'a12@example.com'],
  ...anybody(
    'monkey dragon kettle',
    'summertime-in-oslo',
    'password of the vicar',
    'my waitlist of wishes',
    'dog8374652910',
    'dog8374652',
  ),
  // Two halves that are not common, and repetitions of such.
  ...anybody('xkqzvtrp-xkqzvtrp', 'trombone eclipse', 'kettle!lantern', 'qwerty was my horse', '1234 trombones play'),
  // Made at random: letters, digits, signs, words.
  ...anybody(
    '8kq2vz7rm1',
    '74652910382',
    'gT%7#oW!2^d&',
    'f3b1c9d07a42e865',
    'correct-horse-battery',
    'vopaz-kuteb-hasom',
  ),
  ...anybody('ab83746529', '7$9!2@5^8*', 'X7-K2-Q9-Z4', 'aB3dE5gH7j'),
  // In other languages.
  ...anybody('Der Mond ist aufgegangen', 'un éléphant ça trompe', 'mi perro come flores', 'ночью все кошки серы'),
  ...anybody(
    '月が綺麗ですねと言った',
    '소나기가 내리는 오후에는',
    'الليل طويل يا صديقي',
    'पहाड़ पर बारिश होती है',
    'ฝนตกที่เชียงใหม่',
  ),
]

test.each(choices)('"%s" is accepted for %s', async (password, email = ada.email, name = '') => {
  expect(await verdict(password, { email, name })).toBe('accepted')
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
