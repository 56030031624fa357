import { cleanCell } from './clean-cell.ts'
import type { ImportReading } from './import.ts'

/** Words that mean somebody is on the list and wants to be, without what is no letter or digit. Any other word does not. */
const active = new Set([
  ...['active', 'activated', 'subscribed', 'subscriber', 'confirmed', 'verified', 'approved', 'enabled', 'optedin'],
  ...[
    'optin',
    'joined',
    'waiting',
    'waitlisted',
    'onwaitlist',
    'inline',
    'queued',
    'registered',
    'signedup',
    'applied',
  ],
  ...['deliverable', 'valid', 'completed', 'submitted', 'true', 'yes', 'y', '1', 'aktiv', 'actif', 'activo', 'attivo'],
])
/** Common words that do not: by these a column is known for one of states. */
const inactive = new Set([
  ...['pending', 'unconfirmed', 'unverified', 'notconfirmed', 'unsubscribed', 'nonsubscribed', 'neversubscribed'],
  ...['notsubscribed', 'cleaned', 'bounced', 'hardbounce', 'hardbounced', 'softbounced', 'complained', 'complaint'],
  ...['spam', 'junk', 'blocked', 'blocklisted', 'blacklisted', 'archived', 'deleted', 'removed', 'optedout', 'optout'],
  ...['inactive', 'disabled', 'suspended', 'banned', 'rejected', 'invited', 'imported', 'idle', 'transactional'],
  ...['undeliverable', 'risky', 'disposable', 'invalid', 'suppressed', 'partial', 'paused', 'expired', 'cancelled'],
])
/** The key of a state that is not there. */
export const blankStatus = 'blank'
const unconfirmed = new Set(['pending', 'unconfirmed', 'unverified', 'notconfirmed', 'awaitingconfirmation'])
const no = new Set(['', 'false', 'no', 'n', '0', 'f', 'off', 'never', 'nein', 'non', 'nee'])
const yes = new Set(['true', 'yes', 'y', '1', 't', 'on', 'x', 'ja', 'oui', 'sí', 'si', 'sim'])

/** Names of columns in which a value, but for “no”, means that somebody has left or must not be written to. */
const leaving = new Set([
  ...[
    'unsubscribed',
    'unsub',
    'unsubscribe',
    'optedout',
    'optout',
    'emailoptout',
    'unsubscribedfromallemail',
    'emaildisabled',
  ],
  ...[
    'bounced',
    'hardbounced',
    'hardbounce',
    'complained',
    'cleaned',
    'clean',
    'blocked',
    'blocklisted',
    'blacklisted',
  ],
  ...['emailblocklisted', 'emailblacklisted', 'archived', 'deleted', 'removed', 'suspended', 'banned', 'disabled'],
  ...['inactive', 'spam', 'markedasspam', 'suppressed', 'donotcontact', 'donotemail', 'offboarded'],
])

/** A word for `include_status`, and how a person reads it. */
export interface StatusWord {
  key: string
  word: string
}

/** How a state is compared: `Opted out` and `opted_out` are the same. */
export function toStatusKey(text: string): string {
  return text
    .slice(0, 100)
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]/gu, '')
}

/** Whether a column by this name tells who has left: `UNSUB_TIME`, `is_deleted`, `Removed date`. */
export function isLeavingName(name: string): boolean {
  const plain = toStatusKey(name).replace(/^(?:is|has)/, '')
  return leaving.has(plain) || leaving.has(plain.replace(/(?:at|on|time|date)$/, ''))
}

export function isStatusWord(cell: string): boolean {
  const key = toStatusKey(cleanCell(cell))
  return active.has(key) || inactive.has(key) || isYesOrNo(cell)
}

export function isYesOrNo(cell: string): boolean {
  const key = toStatusKey(cleanCell(cell))
  return yes.has(key) || no.has(key)
}

/** Why a row is not of somebody active, in the file's word, unless that was let in; undefined for who is. */
export function findInactive(cells: readonly string[], reading: StatusReading): StatusWord | undefined {
  return statusWordsOf(cells, reading).find(({ key }) => !reading.include_status?.includes(key))
}

type StatusReading = Pick<ImportReading, 'state' | 'leaving' | 'include_status'>

/** Each word of a row that does not mean active, let in or not. */
export function statusWordsOf(cells: readonly string[], { state, leaving }: StatusReading): StatusWord[] {
  const found: StatusWord[] = []
  if (state !== null && !leaving?.some(({ column }) => column === state)) {
    const word = cleanCell(cells[state])
    const key = toStatusKey(word) || blankStatus
    if (!active.has(key) && !yes.has(key)) found.push({ key, word: key === blankStatus ? 'blank' : toShown(word) })
  }
  for (const { column, name } of leaving ?? []) {
    const key = toStatusKey(cleanCell(cells[column]))
    if (!no.has(key)) found.push({ key: toStatusKey(name), word: toShown(name) })
  }
  return found
}

/** Terminals obey some characters, and nobody sees others. */
function toShown(word: string): string {
  return word.replace(/[\p{Cc}\p{Cf}]/gu, '').slice(0, 60)
}

/** Whether the word says that somebody has not confirmed yet. */
export function isUnconfirmed({ key }: StatusWord): boolean {
  return unconfirmed.has(key)
}
