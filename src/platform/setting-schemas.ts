import { isIP } from 'node:net'
import { z } from 'zod'
import { isWeakSecret } from './weak-secret.ts'

/** The forms that settings have. Each message reads on from the name of the setting, and says what to write instead. */
export const settings = {
  integer: (minimum: number, maximum: number) => {
    const message = `must be a whole number from ${minimum} to ${maximum}`
    return z
      .string()
      .regex(/^[0-9]{1,10}$/, { message, abort: true })
      .transform(Number)
      .refine((n) => n >= minimum && n <= maximum, message)
  },
  url: (protocols: string[], example: string) =>
    z
      .string()
      .transform((text) => text.trim())
      .refine((text) => !hasUnencoded(text), {
        message:
          'has characters in its user or password that mean something else in a URL. Write them encoded: / as %2F, # as %23, ? as %3F, @ as %40, % as %25',
        abort: true,
      })
      .refine((text) => isUrl(text, protocols), { message: `must be a URL such as ${example}`, abort: true }),
  publicUrl: () =>
    settings
      .url(['http:', 'https:'], 'https://waitlist.example.com')
      .refine((text) => new URL(text).pathname === '/' && !/[?#]/.test(text), {
        message: 'must have no path: QueueUp needs a host name of its own',
        abort: true,
      })
      .transform((text) => new URL(text).origin),
  databaseUrl: () =>
    settings
      .url(['postgres:', 'postgresql:'], 'postgres://host:5432/queueup')
      .refine((text) => ['1', 'true', null].includes(new URL(text).searchParams.get('ssl')), {
        message:
          'must say sslmode=disable, not ssl=…, for a connection without TLS; with TLS it is sslmode=verify-full',
      })
      .refine((text) => sslModes.includes(new URL(text).searchParams.get('sslmode') ?? 'disable'), {
        message: 'must have one of these as its sslmode: disable, no-verify, verify-full',
      })
      .transform((text) => text.replace(/([?&]sslmode=)(?:prefer|require|verify-ca)(?=&|$)/, '$1verify-full')),
  secret: () => z.string().refine((text) => Buffer.byteLength(text) >= 32, 'must be at least 32 bytes long'),
  secretKey: () =>
    settings
      .secret()
      .refine(
        (text) => !isWeakSecret(text),
        'can be guessed: it must be random, such as "openssl rand -base64 32" prints. To change it, set the old one as SECRET_KEY_PREVIOUS',
      ),
  hostName: () =>
    z
      .string()
      .refine((host) => isIP(host) !== 0 || /^[A-Za-z0-9.-]{1,253}$/.test(host), 'must be an address or a host name'),
  sender: () =>
    z
      .string()
      .regex(
        /^(?:[^<>\r\n]*<)?[^\s<>@,;"]+@[A-Za-z0-9][^\s<>@,;"]*(?:>\s*)?$/u,
        'must be an email address, or a name and one such as QueueUp <no-reply@example.com>',
      )
      .refine((text) => text.includes('<') === text.trimEnd().endsWith('>'), 'must close the < of its email address'),
}

/** Those of PostgreSQL's own clients but allow. The driver takes prefer, require and verify-ca for verify-full, and warns. */
const sslModes = ['disable', 'no-verify', 'prefer', 'require', 'verify-ca', 'verify-full']

function isUrl(text: string, protocols: string[]): boolean {
  if (!URL.canParse(text)) return false
  const { protocol, hostname } = new URL(text)
  // A PostgreSQL at a Unix socket has no host.
  return protocols.includes(protocol) && (hostname !== '' || protocol.startsWith('postgres'))
}

/** A password with / # or ? in it ends the host early, and the @ before the host stands behind that. */
function hasUnencoded(text: string): boolean {
  const [, authority = '', rest = ''] = /^\w+:\/\/([^/?#]*)(.*)$/s.exec(text) ?? []
  if (authority !== '' && rest.includes('@')) return true
  try {
    decodeURIComponent(authority)
    return false
  } catch {
    return true
  }
}
