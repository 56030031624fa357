import fc from 'fast-check'
import { expect, test } from 'vitest'
import { matchTotp, newTotpSecret, totpCode, totpStep, totpUri } from './totp.ts'

const secret = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'

test.each([
  [59, '287082'],
  [1111111109, '081804'],
  [1111111111, '050471'],
  [1234567890, '005924'],
  [2000000000, '279037'],
  [20000000000, '353130'],
])('at second %i the code is that of RFC 6238, appendix B', (second, code) => {
  expect(totpCode(secret, totpStep(new Date(second * 1000)))).toBe(code)
})

test('a code counts in its own step, the one before and the one after, and in no other', () => {
  const at = new Date('2026-01-01T00:00:10Z')
  const step = totpStep(at)
  for (const [offset, counts] of [
    [-2, false],
    [-1, true],
    [0, true],
    [1, true],
    [2, false],
  ] as const)
    expect([offset, matchTotp(secret, totpCode(secret, step + offset), at)]).toEqual([
      offset,
      counts ? step + offset : undefined,
    ])
})

test('a secret has 160 random bits, and its own code matches for any time', () => {
  expect(newTotpSecret()).toMatch(/^[A-Z2-7]{32}$/)
  expect(newTotpSecret()).not.toBe(newTotpSecret())
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 4e9 }), (second) => {
      const [own, at] = [newTotpSecret(), new Date(second * 1000)]
      return (
        /^\d{6}$/.test(totpCode(own, totpStep(at))) && matchTotp(own, totpCode(own, totpStep(at)), at) !== undefined
      )
    }),
  )
})

test('what the QR code says names the product and the account', () => {
  expect(totpUri('ABC', 'ada+x@example.com')).toBe(
    'otpauth://totp/QueueUp:ada%2Bx%40example.com?secret=ABC&issuer=QueueUp',
  )
})
