import { expect, test } from 'vitest'
import { looksAsIfNaming, looksLike, looksLikeOffice, mixesScripts } from './look-alikes.ts'

const own = ['System', 'Stripe', 'API key']

test.each([
  'System',
  'SYSTEM',
  's y s t e m',
  'Ѕystem',
  'Ѕуѕtеm',
  'Sysтem',
  'Syѕ\u200btem',
  'Ｓｙｓｔｅｍ',
  '𝐒𝐲𝐬𝐭𝐞𝐦',
  'ꜱʏꜱᴛᴇᴍ',
  'Systern',
  'Sy5tem',
  '$ystem',
  'Sýstém',
  'ꓢystem',
  'Ꮪystem',
  'SΥSTEM',
  '(System)',
  'Str1pe',
  'StrIpe',
  'Stripе',
  'STRlPE',
  'Str!pe',
  'Str|pe',
  'API key',
  'АРІ key',
  'API-Key!',
  'AP1 k3y',
])('"%s" looks like the product or a part of it', (name) => {
  expect(looksLike(name, own)).toBe(true)
})

test.each(['The System', 'Stripe Billing', 'Official Str1pe support', 'API key (bot)'])(
  '"%s" looks like an office of it',
  (name) => {
    expect([looksLike(name, own), looksLikeOffice(name, own)]).toEqual([false, true])
  },
)

test.each(['QueueUp security', 'QuеuеUp', 'Queue Up Support', 'The QUEUEUP team', 'Queυe–Up', 'Qᴜᴇᴜᴇᴜᴘ'])(
  '"%s" names the product',
  (name) => {
    expect(looksAsIfNaming(name, 'QueueUp')).toBe(true)
  },
)

const honest = [
  ...[
    'Ada Lovelace',
    'Jean-Luc Müller',
    'Siobhán O’Brien',
    'Łukasz Żółć',
    'Nguyễn Văn An',
    'İbrahim Yılmaz',
    'Þóra Ægisdóttir',
  ],
  ...[
    'Иван Петров',
    'Сергей Система',
    'Стефан Стоянов',
    'Наталія Ґудзь',
    'Γιώργος Παπαδόπουλος',
    'Ελένη Σ.',
    'Պետրոս',
    'გიორგი',
  ],
  ...[
    '山田 太郎',
    'やまだ タロウ',
    '김민준',
    '王小明',
    '株式会社QueueCo',
    'أحمد علي',
    'دانيال',
    'דוד לוי',
    'राम शर्मा',
    'สมชาย ใจดี',
  ],
  ...[
    'Иван Smith',
    'Πέτρος II',
    'Ann 2',
    'X Æ A-12',
    '🦊 Fox',
    'Sistema',
    'Systema GmbH',
    'Strype',
    'Solar Systems',
    'Key Account',
    'Queue',
    'Stripe Carlson',
    'Mr. System',
    'Support',
    'Billing Team',
    'The',
    'Security Key',
  ],
]

test.each(honest)('"%s" is an honest name', (name) => {
  expect([looksLikeOffice(name, own), looksAsIfNaming(name, 'QueueUp'), mixesScripts(name)]).toEqual([
    false,
    false,
    false,
  ])
})

test.each(['Iвan', 'Pаul', 'Αnna', 'Jοhn Smith', 'Ꮪarah'])('"%s" has a word of two scripts that look alike', (name) => {
  expect(mixesScripts(name)).toBe(true)
})

test('a long name costs little, whatever it is made of', () => {
  for (const unit of ['m', 'ﷺ', '̂', '\u200b', '𝐒', '!']) expect(looksLike(unit.repeat(100), own)).toBe(false)
})
