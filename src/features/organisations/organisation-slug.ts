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

/** A slug made from a name: lower-case letters, digits and hyphens, 3 to 40 of them. */
export function slugFrom(name: string): string {
  const slug = name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/['’]/g, '')
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 32)
    .replace(/^-+|-+$/g, '')
  return slug.length < 3 || reserved.has(slug) ? withTail(slug || 'team') : slug
}

/** Another one, where the first is taken. */
export function withTail(slug: string): string {
  return `${slug.slice(0, 32).replace(/-+$/, '')}-${randomBase62(5).toLowerCase()}`
}
