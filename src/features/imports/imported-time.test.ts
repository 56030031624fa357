import { expect, test } from 'vitest'
import { dateOrderOf, parseImportedTime } from './imported-time.ts'

const january = '2026-01-05T15:04:05.000Z'
const midnight = '2026-01-05T00:00:00.000Z'

test.each([
  // ISO 8601, and how databases write it
  ['2026-01-05T15:04:05Z', january],
  ['2026-01-05T15:04:05.123456789Z', january],
  ['2026-01-05T15:04:05,123Z', january],
  ['20260105T150405Z', january],
  ['20260105', midnight],
  ['2026-01-05 15:04:05', january],
  ['2026-01-05 15:04:05.123+00', january],
  ['2026-01-05 20:34:05.123456+05:30', january],
  ['2026-01-05 15:04:05 +0000 UTC', january],
  ['2026-01-05T16:04:05+01:00[Europe/Berlin]', january],
  ['2026-01-05_15-04-05', january],
  ['2026-1-5', midnight],
  ['2026-01-05 3:04:05 pm', january],
  ['2026/01/05', midnight],
  ['2026/01/05 15:04:05', january],
  ['2026.01.05', midnight],
  // RFC 2822, C and JavaScript
  ['Mon, 05 Jan 2026 15:04:05 +0000', january],
  ['Mon, 5 Jan 2026 10:04:05 EST', january],
  ['Mon, 05 Jan 2026 15:04:05 +0000 (UTC)', january],
  ['Mon Jan  5 15:04:05 2026', january],
  ['Mon Jan  5 15:04:05 UTC 2026', january],
  ['Mon Jan 05 2026 15:04:05 GMT+0000 (Coordinated Universal Time)', january],
  // Names of months, which nobody mistakes for days
  ['Jan 5, 2026 3:04 PM', '2026-01-05T15:04:00.000Z'],
  ['Jan 5, 2026, 3:04:05\u202fPM', january],
  ['January 5th, 2026 at 3:04 p.m.', '2026-01-05T15:04:00.000Z'],
  ['5 January 2026', midnight],
  ['5-Jan-2026', midnight],
  ['5. Januar 2026', midnight],
  ['5 janvier 2026', midnight],
  ['5 de enero de 2026', midnight],
  ['12 Mar 2026 12:00 am', '2026-03-12T00:00:00.000Z'],
  // Since 1970, in seconds, milliseconds and microseconds
  ['1767625445', january],
  ['1767625445.5', january],
  ['1767625445123', '2026-01-05T15:04:05.123Z'],
  ['1767625445123456', '2026-01-05T15:04:05.123Z'],
  // The same in either order
  ['5/5/2026', '2026-05-05T00:00:00.000Z'],
])('%s is a time', (text, iso) => {
  expect(parseImportedTime(text)?.toISOString()).toBe(iso)
})

test.each([
  ...['2026-02-30', '31 Feb 2026', '13/13/2026', '5/1/26', 'Jan 2026', 'Jan 5', '12:30', 'true', '46027.6', '17676254'],
  ...[
    '2026-01-05 13:04 PM',
    '2026-01-05 25:00',
    '2026-01-05 15:04 XYZ',
    '0000-00-00',
    'a 5 2026',
    `1/1/2026${' '.repeat(200)}`,
  ],
])('%s is none, in whatever order', (text) => {
  expect([parseImportedTime(text, 'day'), parseImportedTime(text, 'month')]).toEqual([undefined, undefined])
})

test.each([
  ['1/31/2026 13:45:00', 'month', '2026-01-31T13:45:00.000Z'],
  ['31.01.2026', 'day', '2026-01-31T00:00:00.000Z'],
  ['31-01-2026 13:45', 'day', '2026-01-31T13:45:00.000Z'],
  ['1/31/2026, 1:45:00 PM', 'month', '2026-01-31T13:45:00.000Z'],
] as const)('%s tells its order, and is read in no other, nor without one', (text, order, iso) => {
  expect(dateOrderOf(text)).toBe(order)
  expect(parseImportedTime(text, order)?.toISOString()).toBe(iso)
  expect([parseImportedTime(text), parseImportedTime(text, order === 'day' ? 'month' : 'day')]).toEqual([
    undefined,
    undefined,
  ])
})

test.each([
  ['3/4/2026', 'unclear'],
  ['03.04.2026 10:00', 'unclear'],
  ['2026-03-04', undefined],
  ['30/02/2026', undefined],
  ['words 3/4/2026', undefined],
])('%s: whether it has an order is %s', (text, order) => {
  expect(dateOrderOf(text)).toBe(order)
})
