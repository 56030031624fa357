import pino from 'pino'
import { expect, test } from 'vitest'
import { readConfig } from '../config.ts'
import { warnOfSettings } from './warn-of-settings.ts'

function warnings(env: Record<string, string>): string {
  let logged = ''
  warnOfSettings(readConfig(env).config, pino({}, { write: (line) => (logged += line) }))
  return logged
}

test('a database on another machine without sslmode is warned of, with what to set, and no word of the URL', () => {
  for (const host of ['db.internal', '10.0.0.5', '[2001:db8::1]']) {
    const logged = warnings({ DATABASE_URL: `postgres://queueup:hunter2hunter2@${host}:5432/queueup` })
    expect(logged).toMatch(/"level":40.*Add sslmode=verify-full/)
    expect(logged.trim().split('\n')).toHaveLength(1)
    expect(logged).not.toContain('hunter2')
  }
})

test('one on this machine, by a socket, or with its sslmode is not', () => {
  for (const url of [
    'postgres://a:b@localhost/queueup',
    'postgres://a:b@127.0.0.1:5432/queueup',
    'postgres://a:b@[::1]:5432/queueup',
    'postgres:///queueup?host=/var/run/postgresql',
    'postgres://a:b@db.internal/queueup?sslmode=verify-full',
    'postgres://a:b@db.internal/queueup?sslmode=disable',
  ])
    expect([url, warnings({ DATABASE_URL: url })]).toEqual([url, ''])
  expect(warnings({})).toBe('')
})

test('proxies that are trusted without a PUBLIC_URL are warned of', () => {
  expect(warnings({ TRUSTED_PROXIES: '127.0.0.1' })).toMatch(/Set PUBLIC_URL/)
  expect(warnings({ TRUSTED_PROXIES: '127.0.0.1', PUBLIC_URL: 'https://waitlist.example.com' })).toBe('')
})

test('the key of Stripe goes to another machine encrypted or not at all', () => {
  expect(() => readConfig({ STRIPE_API_URL: 'http://stripe.internal' })).toThrow('STRIPE_API_URL must be https:')
  for (const url of ['https://api.stripe.com', 'http://127.0.0.1:4000', 'http://localhost:4000'])
    expect(readConfig({ STRIPE_API_URL: url }).config.publicUrl).toBe('http://localhost:3000')
})
