import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ConfigError, readConfig } from './config.ts'
import { randomBase62 } from './secrets.ts'
import { isWeakSecret } from './weak-secret.ts'

test.each([
  'a'.repeat(32),
  'x'.repeat(4_000),
  'ab'.repeat(20),
  'abcdefgh'.repeat(4),
  'change-me!'.repeat(4),
  '0123456789abcdef'.repeat(4),
  `${'0'.repeat(63)}1`,
  '12345678901234567890123456789012',
  'abcdefghijklmnopqrstuvwxyz0123456789',
  'zyxwvutsrqponmlkjihgfedcba9876543210',
  `${' '.repeat(31)}secret`,
  '🦊'.repeat(16),
])('SECRET_KEY "%s" stops the start with a sentence', (secret) => {
  expect(() => readConfig({ SECRET_KEY: secret })).toThrow(ConfigError)
  expect(() => readConfig({ SECRET_KEY: secret })).toThrow(/^SECRET_KEY .*openssl rand -base64 32/)
})

test('32 random bytes are never refused, as hexadecimal, base 64 or what the product makes', () => {
  for (let i = 0; i < 20_000; i++) {
    const bytes = randomBytes(32)
    const secrets = [bytes.toString('hex'), bytes.toString('base64'), bytes.toString('base64url'), randomBase62(43)]
    expect(secrets.filter(isWeakSecret)).toEqual([])
  }
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 32, maxLength: 64 }), (drawn) => {
      // fast-check likes to repeat itself: what it draws is made even by a key of this run.
      const bytes = Buffer.from(drawn.map((byte, i) => byte ^ (even[i] ?? 0)))
      expect([bytes.toString('hex'), bytes.toString('base64')].filter(isWeakSecret)).toEqual([])
    }),
    { numRuns: 2_000 },
  )
})
const even = randomBytes(64)

test('a sentence of one’s own will do, and a weak one can be rotated away', () => {
  const strong = 'Seven foxes carried the grand piano upstairs.'
  expect(readConfig({ SECRET_KEY: strong }).secrets.secretKey).toBe(strong)
  const rotating = { SECRET_KEY: strong, SECRET_KEY_PREVIOUS: 'a'.repeat(32) }
  expect(readConfig(rotating).secrets.secretKeyPrevious).toBe('a'.repeat(32))
})
