import { expect, test } from 'vitest'
import { ClientShare } from './client-share.ts'

test('an address holds as much as its share, and others theirs', () => {
  const share = new ClientShare({ each: 3, inAll: 100 })
  expect(['a', 'b', 'c', 'd'].map(() => share.take('192.0.2.1'))).toEqual([
    undefined,
    undefined,
    undefined,
    'by_address',
  ])
  expect(share.take('192.0.2.2', 3)).toBeUndefined()
  share.giveBack('192.0.2.1', 2)
  expect(share.take('::ffff:192.0.2.1', 2)).toBeUndefined()
  expect(share.take('192.0.2.1')).toBe('by_address')
})

test('the addresses of one IPv6 /64 have one share together, and those of one /48 two', () => {
  const share = new ClientShare({ each: 2, inAll: 100 })
  expect(share.take('2001:db8:1:1::1')).toBeUndefined()
  expect(share.take('2001:db8:1:1:ffff::1')).toBeUndefined()
  expect(share.take('2001:db8:1:1::2')).toBe('by_address')
  expect(share.take('2001:db8:1:2::1', 2)).toBeUndefined()
  expect(share.take('2001:db8:1:3::1')).toBe('by_address')
  expect(share.take('2001:db8:2:1::1')).toBeUndefined()
})

test('all together hold no more than the process has, and what was refused is not counted', () => {
  const share = new ClientShare({ each: 4, inAll: 10 })
  for (const n of [1, 2]) expect(share.take(`198.51.${n}.1`, 4)).toBeUndefined()
  expect(share.take('198.51.3.1', 4)).toBe('by_process')
  expect(share.heldInAll).toBe(8)
  for (const n of [1, 2]) share.giveBack(`198.51.${n}.1`, 4)
  expect(share.heldInAll).toBe(0)
  expect(share.take('198.51.3.1', 4)).toBeUndefined()
})

test.each([4, 8])('%i networks that hold all they can leave others a share, and are refused first', (count) => {
  const share = new ClientShare({ each: 1_600, inAll: 12_800 })
  const addresses = Array.from({ length: count }, (_, n) => [`198.51.${n}.1`, `198.51.${n}.2`]).flat()
  for (const ip of addresses) while (share.take(ip) === undefined);
  expect(share.heldInAll).toBeGreaterThan(6_400)
  expect(share.take('203.0.113.1', 90)).toBeUndefined()
  for (const ip of addresses) expect(share.take(ip)).toBeDefined()
  expect(share.take('203.0.113.1')).toBeUndefined()
  for (const ip of addresses.slice(0, 4)) share.giveBack(ip, 1_600)
  expect(share.take('203.0.113.1', 1_000)).toBeUndefined()
})

test('as long as less than half is held, each has its whole share', () => {
  const share = new ClientShare({ each: 16, inAll: 128 })
  for (const n of [1, 2, 3]) expect(share.take(`198.51.${n}.1`, 16)).toBeUndefined()
  expect(share.take('203.0.113.1', 16)).toBeUndefined()
})
