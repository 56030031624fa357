import { expect, test } from 'vitest'
import { displayPrefix, hasValidChecksum, looksLikeApiKey, mintApiKeySecret } from './api-key-secret.ts'

test('a key has the form that was promised, its own checksum, and shows four of its characters', () => {
  for (let i = 0; i < 200; i++) {
    const secret = mintApiKeySecret()
    expect(secret).toMatch(/^qu_live_[0-9A-Za-z]{38}$/)
    expect(hasValidChecksum(secret)).toBe(true)
    expect(displayPrefix(secret)).toBe(`${secret.slice(0, 12)}…`)
  }
})

test('the checksum is CRC-32 of all before it in base 62, as computed by hand', () => {
  // CRC-32 of "qu_live_" and 32 zeros, written with 0-9A-Za-z, most significant digit first.
  const body = `qu_live_${'0'.repeat(32)}`
  let crc = 0xffffffff
  for (const byte of Buffer.from(body)) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1
  }
  let rest = (crc ^ 0xffffffff) >>> 0
  let text = ''
  for (let i = 0; i < 6; i++) {
    text = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'[rest % 62] + text
    rest = Math.floor(rest / 62)
  }
  expect(hasValidChecksum(body + text)).toBe(true)
})

test('a slip of one character, or of two neighbours, is noticed', () => {
  const secret = mintApiKeySecret()
  for (let i = 8; i < secret.length; i++) {
    const other = secret[i] === 'x' ? 'y' : 'x'
    expect(hasValidChecksum(secret.slice(0, i) + other + secret.slice(i + 1))).toBe(false)
    const swapped = secret.slice(0, i - 1) + secret[i] + secret[i - 1] + secret.slice(i + 1)
    if (swapped !== secret) expect(hasValidChecksum(swapped)).toBe(false)
  }
})

test('what is no key is told by its form', () => {
  for (const text of [
    '',
    'qu_live_',
    'qu_test_'.padEnd(46, 'a'),
    `${mintApiKeySecret()}x`,
    ` ${mintApiKeySecret()}`,
    mintApiKeySecret().replace('qu_', 'squ_'),
  ]) {
    expect(looksLikeApiKey(text)).toBe(false)
    expect(hasValidChecksum(text)).toBe(false)
  }
})

test('characters are drawn evenly', () => {
  const counts = new Map<string, number>()
  for (let i = 0; i < 2_000; i++)
    for (const character of mintApiKeySecret().slice(8, 40)) counts.set(character, (counts.get(character) ?? 0) + 1)
  const expected = (2_000 * 32) / 62
  const chiSquared = [...counts.values()].reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)
  expect(counts.size).toBe(62)
  // 61 degrees of freedom: above 130 once in a million runs.
  expect(chiSquared).toBeLessThan(130)
})
