import { expect, test } from 'vitest'
import { priceInWords } from './price-in-words.ts'

test.each([
  ['eur', 2_900, 'month', 1, '€29 a month'],
  ['usd', 29_050, 'year', 1, 'US$290.50 a year'],
  ['jpy', 3_000, 'month', 3, 'JP¥3,000 every 3 months'],
  ['kwd', 9_500, 'week', 1, 'KWD 9.500 a week'],
  ['huf', 990_000, 'month', 1, 'HUF 9,900 a month'],
  ['isk', 450_000, 'month', 1, 'ISK 4,500 a month'],
  ['eur', 0, 'month', 1, '€0 a month'],
])('%s %d is said as people say it', (currency, unit_amount, interval, interval_count, words) => {
  expect(
    priceInWords({ currency, unit_amount, recurring: { interval, interval_count } })?.replaceAll('\u00a0', ' '),
  ).toBe(words)
})

test('a price that depends on use, or is paid once, is not said', () => {
  const recurring = { interval: 'month', interval_count: 1 }
  expect(priceInWords({ currency: 'eur', unit_amount: null, recurring })).toBeUndefined()
  expect(priceInWords({ currency: 'eur', unit_amount: 5, recurring: null })).toBeUndefined()
})
