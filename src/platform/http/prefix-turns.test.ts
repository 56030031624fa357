import { expect, test } from 'vitest'
import { PrefixTurns } from './prefix-turns.ts'

/** Adds one item for each address, named after it and its place, and takes them all. */
function order(...addresses: (string | null)[]): string[] {
  const turns = new PrefixTurns<string>()
  for (const [i, ip] of addresses.entries()) turns.add(ip, `${ip} #${i}`)
  return addresses.map(() => turns.take() ?? 'nothing')
}

const times = (count: number, ip: string) => Array.from({ length: count }, () => ip)

test('one address comes in order of arrival', () => {
  expect(order('192.0.2.1', '192.0.2.1', '192.0.2.1')).toEqual(['192.0.2.1 #0', '192.0.2.1 #1', '192.0.2.1 #2'])
})

test('however many items one address has, the next address waits for one of them', () => {
  expect(order(...times(1_000, '192.0.2.1'), '198.51.100.7').indexOf('198.51.100.7 #1000')).toBe(1)
  expect(order(...times(1_000, '192.0.2.1'), '192.0.2.2').indexOf('192.0.2.2 #1000')).toBe(1)
  expect(order(...times(1_000, '2001:db8::1'), '2001:db8:0:1::1').indexOf('2001:db8:0:1::1 #1000')).toBe(1)
})

test('a network with many addresses takes one turn for each turn of another network', () => {
  const flood = (address: (n: number) => string) => Array.from({ length: 200 }, (_, n) => address(n))
  expect(order(...flood((n) => `192.0.2.${n}`), '198.51.100.7').indexOf('198.51.100.7 #200')).toBe(1)
  const rotated = flood((n) => `2001:db8:${n.toString(16)}::1`)
  expect(order(...rotated, '2001:db9::1').indexOf('2001:db9::1 #200')).toBe(1)
  expect(order(...rotated, null).indexOf('null #200')).toBe(1)
})

test('an address in two spellings is one client', () => {
  expect(order('192.0.2.1', '::ffff:192.0.2.1', '192.0.2.2').at(-1)).toBe('::ffff:192.0.2.1 #1')
})

test('it is empty after as many items as were added, and can be filled again', () => {
  const turns = new PrefixTurns<number>()
  for (let round = 0; round < 3; round++) {
    for (const ip of ['192.0.2.1', '192.0.2.2', '2001:db8::1', null]) turns.add(ip, round)
    const taken = [turns.take(), turns.take(), turns.take()]
    expect([taken, turns.isEmpty]).toEqual([[round, round, round], false])
    expect([turns.take(), turns.isEmpty, turns.take()]).toEqual([round, true, undefined])
  }
})

test('items that are not wanted any more are dropped at once, and cost their client no turn', () => {
  const gone = new Set<string>()
  const turns = new PrefixTurns<string>((item) => !gone.has(item))
  for (let i = 0; i < 100; i++) {
    turns.add('192.0.2.1', `one #${i}`)
    gone.add(`one #${i}`)
  }
  turns.add('192.0.2.1', 'one')
  turns.add('198.51.100.1', 'gone')
  gone.add('gone')
  for (const item of ['two', 'two again']) turns.add('203.0.113.1', item)
  expect([1, 2, 3].map(() => turns.take())).toEqual(['one', 'two', 'two again'])
  expect([turns.isEmpty, turns.take()]).toEqual([true, undefined])
})
