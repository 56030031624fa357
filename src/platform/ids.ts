import { randomBase62 } from './secrets.ts'

/** One prefix an entity, so that an id tells what it names. */
const prefixes = {
  organisation: 'org',
  waitlist: 'wl',
  apiKey: 'key',
  user: 'usr',
  session: 'ses',
  trustedDevice: 'dev',
  invitation: 'inv',
  import: 'imp',
} as const

type IdKind = keyof typeof prefixes

/** 71 random bits behind the prefix: unique by far, short enough to lead every index. */
export function newId(kind: IdKind): string {
  return `${prefixes[kind]}_${randomBase62(12)}`
}
