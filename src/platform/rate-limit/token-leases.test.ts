import { expect, test } from 'vitest'
import { TokenLeases } from './token-leases.ts'

test('thousands of made-up subjects leave the spare tokens of those that have some', () => {
  let now = 1_000
  const leases = new TokenLeases(() => now)
  const { askedAtMs } = leases.ask('good')
  leases.keep('good', askedAtMs, { spare: 10, remaining: 50 })
  for (let n = 0; n < 25_000; n++) {
    leases.ask(`made up ${n}`)
    if (n % 2) leases.keep(`made up ${n}`, now, { spare: 0, remaining: 0 })
  }
  expect(leases.spend('good')).toBe(49)
  now += 200
  // Past its time it is nobody's to spend, but the bucket's to have back.
  expect(leases.spend('good')).toBeUndefined()
  expect(leases.ask('good').returned).toBe(9)
})

test('what a bucket refused is not asked again before it has a token', () => {
  let now = 1_000
  const leases = new TokenLeases(() => now)
  leases.refuse('ip:192.0.2.1', 0.1)
  expect(leases.refusedFor('ip:192.0.2.1')).toBeCloseTo(0.1)
  expect(leases.refusedFor('ip:192.0.2.2')).toBeUndefined()
  now += 101
  expect(leases.refusedFor('ip:192.0.2.1')).toBeUndefined()
})

test('spare tokens that are taken back are gone here', () => {
  const leases = new TokenLeases(() => 1_000)
  const { askedAtMs } = leases.ask('key')
  leases.keep('key', askedAtMs, { spare: 5, remaining: 50 })
  expect([leases.takeBack('key'), leases.takeBack('key'), leases.spend('key')]).toEqual([5, 0, undefined])
})
