import fc from 'fast-check'
import { expect, test } from 'vitest'
import { autoLinksIn } from '../../../test/auto-links.ts'
import { holdsLink, isBrandDomain, nameInMail } from './links-in-names.ts'

const links = [
  ...[
    'https://evil.example/pay',
    'Pay at evil.com',
    'evil.com/pay',
    'www.evil.example',
    'WWW.evil',
    'hxxp://evil.example',
    'mailto:eve@evil.com',
  ],
  ...[
    'Acme (evil.com)',
    'a.b.evil.co.uk now',
    'evil.com.',
    'billing@evil.com',
    't.co/x',
    't.co:80',
    '192.168.1.1',
    '10.0.0.1/pay',
    'müller.de',
  ],
  ...[
    'почта.рф',
    'evil。com',
    'evil．com',
    'evil․com',
    'ev\u200bil.com',
    'evil.\u2060com',
    'ｅｖｉｌ.com',
    'tel:+4912345',
    'javascript:x',
    'Anna.Li',
  ],
]
test.each(links)('"%s" holds a link', (name) => {
  expect(holdsLink(name)).toBe(true)
})

test.each([
  ...[
    'Acme Inc.',
    'node.js',
    "St. Mary's",
    'A.B. Smith',
    'Dr.Smith',
    'E.ON',
    'T.J.Maxx',
    'S.p.A.',
    'J.R.R.Tolkien',
    'M.Sc',
    'will.i.am',
    'J.Co',
  ],
  ...[
    'Web 3.0',
    'No. 1',
    'Ph.D. Lab',
    'U.S. Bank',
    'Acme, Inc',
    'Ratio 4:3',
    'Either/or',
    'Data: the company',
    'e.V.',
    '株式会社。東京',
    'A&B?',
    'v1.2.3',
  ],
])('"%s" holds none', (name) => {
  expect(holdsLink(name)).toBe(false)
})

test('a domain alone is a brand, with a legal form too; with a path or a sentence around it is none', () => {
  const brands = ['Booking.com', 'monday.com Ltd.', 'Amazon.com, Inc.', 'Allegro.pl', 'Example.co.uk']
  expect(brands.filter((name) => !isBrandDomain(name))).toEqual([])
  const others = [
    'Booking.com/pay',
    'Booking.com gift card',
    'Pay at Booking.com',
    'https://booking.com',
    'a.b.evil.com',
    'x@evil.com',
    '',
  ]
  expect(others.filter(isBrandDomain)).toEqual([])
})

test('in a mail no name has a line break or anything that a program makes a link of; email addresses and honest names stay', () => {
  expect(nameInMail('Booking.com')).toBe('Booking\u2024com')
  expect(nameInMail('Pay\r\n\r\nat https://evil.com/pay?x=1')).toBe('Pay at https: //evil\u2024com/pay?x=1')
  for (const name of ['ada@example.com', 'Acme Inc.', 'node.js', 'St. Mary’s', '株式会社', 'Org owner-1@example.com'])
    expect(nameInMail(name)).toBe(name)
  for (const name of [...links, ...links.map((link) => `Hello\n${link}, then`)]) {
    if (/@/.test(name)) continue
    const shown = nameInMail(name)
    expect([shown, /[\r\n]|:\/\/\S|www\.|\b(?:mailto|tel|javascript):\S/i.test(shown.replace(/: \/\//g, ''))]).toEqual([
      shown,
      false,
    ])
    expect([shown, holdsLink(shown.replaceAll('\u2024', '·').replaceAll('//', ''))]).toEqual([shown, false])
  }
})

test('whatever the name, a mail program finds no link in it', () => {
  const part = fc.constantFrom(
    'evil',
    '.',
    'com',
    '/',
    '://',
    'https',
    'www.',
    ' ',
    '@',
    ':',
    '\n',
    '。',
    'x',
    'co.uk',
    '\u200b',
    '1.2.3.4',
  )
  fc.assert(
    fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
      const shown = nameInMail(parts.join(''))
      expect(shown).not.toMatch(
        /[\r\n]|:\/\/\S|(?:^|[^@\w.-])(?:www\.\w|[\w-]+\.com\b(?![.\w-]*@|\.?[\w\p{L}-])|https?:\S)/iu,
      )
    }),
    { numRuns: 5_000 },
  )
})

test('whatever the name, another program than ours finds no link in it either, but for an email address', () => {
  const words = ['evil', 'com', 'ltd', 'de', 'www', 'https', '10', '1', 'Pay', 'рф', 'müller', 'xn--p1ai', '\u200b']
  const part = fc.constantFrom(...words, ...['.', '.', '.', '/', ':', '//', ' ', ',', '-', '(', '|', '。', '_', '@'])
  fc.assert(
    fc.property(fc.array(part, { maxLength: 14 }), (parts) => {
      const shown = nameInMail(parts.join(''))
      expect(autoLinksIn(`Join ${shown} at QueueUp.`).filter((link) => !link.includes('@'))).toEqual([])
    }),
    { numRuns: 20_000 },
  )
})
