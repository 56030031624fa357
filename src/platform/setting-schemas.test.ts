import { expect, test } from 'vitest'
import { readConfig } from './config.ts'

const told = (env: Record<string, string>) => {
  try {
    readConfig(env)
    return 'taken'
  } catch (error) {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  }
}
const encode =
  /^ConfigError: \w+ has characters in its user or password .* \/ as %2F, # as %23, \? as %3F, @ as %40, % as %25\.$/

test.each([
  ['PUBLIC_URL', 'host', /^ConfigError: PUBLIC_URL must be a URL such as https:\/\/waitlist\.example\.com\.$/],
  ['PUBLIC_URL', 'localhost:3000', /PUBLIC_URL must be a URL such as/],
  ['PUBLIC_URL', 'https://', /PUBLIC_URL must be a URL such as/],
  ['PUBLIC_URL', 'ftp://example.com', /PUBLIC_URL must be a URL such as/],
  ['PUBLIC_URL', 'https://example.com/queueup', /PUBLIC_URL must have no path: QueueUp needs a host name of its own/],
  ['PUBLIC_URL', 'https://example.com/?x=1', /PUBLIC_URL must have no path/],
  ['DATABASE_URL', 'host', /DATABASE_URL must be a URL such as postgres:\/\/host:5432\/queueup\.$/],
  ['DATABASE_URL', 'mysql://u@h/x', /DATABASE_URL must be a URL such as/],
  ['DATABASE_URL', 'postgres://ada:p@ss/w#rd@127.0.0.1/x', encode],
  ['DATABASE_URL', 'postgres://ada:who?@127.0.0.1/x', encode],
  ['DATABASE_URL', 'postgres://ada:100%@127.0.0.1/x', encode],
  ['DATABASE_URL', 'postgres://u:p@h/x?ssl=false', /DATABASE_URL must say sslmode=disable, not ssl=…/],
  ['DATABASE_URL', 'postgres://u:p@h/x?ssl=0', /DATABASE_URL must say sslmode=disable/],
  ['DATABASE_URL', 'postgres://u:p@h/x?sslmode=on', /DATABASE_URL must have one of these as its sslmode: disable/],
  ['SMTP_URL', 'mail.example.com', /SMTP_URL must be a URL such as smtp:\/\/mail\.example\.com:587\.$/],
  ['SMTP_URL', 'smtp://ada:p#w@mail.example.com', encode],
  [
    'MAIL_FROM',
    'x',
    /MAIL_FROM must be an email address, or a name and one such as QueueUp <no-reply@example\.com>\.$/,
  ],
  ['MAIL_FROM', 'Ada <ada>', /MAIL_FROM must be an email address/],
  ['MAIL_FROM', 'Ada <ada@example.com', /MAIL_FROM must close the < of its email address/],
  ['MAIL_FROM', 'a@b.c, d@e.f', /MAIL_FROM must be an email address/],
  ['PORT', '80a', /^ConfigError: PORT must be a whole number from 0 to 65535\.$/],
  ['PORT', '70000', /^ConfigError: PORT must be a whole number from 0 to 65535\.$/],
  ['HOST', 'a b', /HOST must be an address or a host name/],
])('%s=%s is refused with what to write instead', (name, value, sentence) => {
  expect(told({ [name]: value })).toMatch(sentence)
})

test.each([
  ['PUBLIC_URL', 'https://example.com/'],
  ['PUBLIC_URL', ' http://192.168.1.5:3000 '],
  ['DATABASE_URL', 'postgres://ada:p%40ss%2Fw%23rd@127.0.0.1/x'],
  ['DATABASE_URL', 'postgres://ada:p@ss@127.0.0.1/x'],
  ['DATABASE_URL', 'postgresql:///queueup?host=/run/postgresql'],
  ['DATABASE_URL', 'postgres://u:p@h/x?sslmode=require'],
  ['DATABASE_URL', 'postgres://u:p@h/x?sslmode=verify-full&sslrootcert=/etc/ca.pem'],
  ['SMTP_URL', 'smtps://ada%40example.com:pw@mail.example.com'],
  ['MAIL_FROM', 'no-reply@example.com'],
  ['MAIL_FROM', 'Ärger & Söhne <no-reply@example.com>'],
])('%s=%s is taken', (name, value) => {
  expect(told({ [name]: value })).toBe('taken')
})

test('a password that must be encoded stands in no sentence', () => {
  expect(told({ DATABASE_URL: 'postgres://ada:very#secret@127.0.0.1/x' })).not.toMatch(/very|secret/)
})
