import { z } from 'zod'
import { randomBase62 } from '../../platform/secrets.ts'

/** Words that addresses of the product itself use, or may come to. */
const reserved = new Set([
  'admin',
  'api',
  'app',
  'docs',
  'new',
  'organisations',
  'queueup',
  'settings',
  'support',
  'www',
])

/** A slug that somebody chooses. */
export const organisationSlugSchema = z
  .string()
  .transform((text) => text.trim().toLowerCase())
  .pipe(
    z
      .string()
      .regex(
        /^[a-z0-9](?:[a-z0-9-]{1,38}[a-z0-9])$/,
        'Use 3 to 40 letters from a to z, digits and hyphens, no hyphen at an end.',
      )
      .refine((slug) => !reserved.has(slug), 'This address is kept for the product itself.'),
  )

/** A slug made from a name: lower-case letters, digits and hyphens, 3 to 40 of them. */
export function slugFrom(name: string): string {
  const slug = name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/['’]/g, '')
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 32)
    .replace(/^-|-$/g, '')
  return slug.length < 3 || reserved.has(slug) ? withTail(slug || 'team') : slug
}

/** Another one, where the first is taken. */
export function withTail(slug: string): string {
  return `${slug.slice(0, 32).replace(/-{1,32}$/, '')}-${randomBase62(5).toLowerCase()}`
}
