import type { IncomingMessage } from 'node:http'
import { expect, test } from 'vitest'
import { makeClientAddress } from './client-address.ts'

const request = (remoteAddress: string, forwarded?: string) =>
  ({
    socket: { remoteAddress },
    headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded },
  }) as unknown as IncomingMessage

test('without trusted proxies nobody can say who they are', () => {
  const address = makeClientAddress([])
  expect(address(request('203.0.113.9', '1.2.3.4'))).toBe('203.0.113.9')
  expect(address(request('::ffff:203.0.113.9'))).toBe('203.0.113.9')
})

test('behind trusted proxies it is the rightmost address that none of them has', () => {
  const address = makeClientAddress(['10.0.0.0/8', '::1'])
  expect(address(request('10.0.0.1', '1.2.3.4'))).toBe('1.2.3.4')
  expect(address(request('::1', '6.6.6.6, 1.2.3.4, 10.9.9.9'))).toBe('1.2.3.4')
  expect(address(request('203.0.113.9', '1.2.3.4'))).toBe('203.0.113.9')
  expect(address(request('10.0.0.1', '2001:db8::1'))).toBe('2001:db8::1')
})

test('what is no address ends the search at the last that was one', () => {
  const address = makeClientAddress(['10.0.0.0/8'])
  expect(address(request('10.0.0.1', '1.2.3.4, unknown, 10.9.9.9'))).toBe('10.9.9.9')
  expect(address(request('10.0.0.1', ''))).toBe('10.0.0.1')
  expect(address(request('10.0.0.1'))).toBe('10.0.0.1')
  expect(address(request('10.0.0.1', '10.0.0.2'))).toBe('10.0.0.2')
})
