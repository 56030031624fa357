import { parse } from 'tldts'

const schemes = /:\/\/|\bwww\.|\b(?:https?|ftp|mailto|tel|sms|javascript|data):\S/i
/** Shorter ones are mostly titles and initials: "M.Sc", "will.i.am". */
const minLabelLength = 3

/**
 * Whether a program that shows a name would make a link of it, or a reader an address to type: a scheme, "www.", an IP
 * address, or a domain under a suffix that the public suffix list has ("node.js" and "St. Mary's" are none).
 */
export function holdsLink(name: string): boolean {
  return readings(name).some(
    (text) => schemes.test(text) || hostsIn(text).some(({ host, goesOn }) => isDomain(host, goesOn)),
  )
}

/** What may be a host name; `goesOn` where a port, a path or a query may follow. */
function hostsIn(text: string): { host: string; goesOn: boolean }[] {
  return (text.match(/[\p{L}\p{N}\p{M}_.-]+[/:?#]?/gu) ?? []).map((found) => {
    const goesOn = '/:?#'.includes(found.at(-1) ?? '')
    const host = (goesOn ? found.slice(0, -1) : found).split('.').filter(Boolean).join('.')
    return { host, goesOn }
  })
}

/** `evenShort`: of one or two letters too. */
function isDomain(host: string, evenShort: boolean): boolean {
  const { isIcann, isIp, domainWithoutSuffix } = parse(host, { validateHostname: false })
  // "3.0" is an address too, by the letter.
  if (isIp) return host.split('.').length === 4
  if (!isIcann || !domainWithoutSuffix) return false
  return evenShort || domainWithoutSuffix.length >= minLabelLength
}

/** As it is written, and as browsers read it: programs that look for links do either. */
function readings(text: string): string[] {
  return [text, plainDots(text)]
}

/** Every character that browsers take for the dot of a host name. */
function plainDots(name: string): string {
  return visible(name)
    .normalize('NFKC')
    .replace(/[\u3002\uff0e\uff61\u2024]/g, '.')
}

function visible(text: string): string {
  return text.replace(/\p{Default_Ignorable_Code_Point}/gu, '')
}

const legalForms = /^[,.]? ?(?:inc|ltd|llc|plc|corp|gmbh|ag|se|kg|sa|sas|sarl|srl|bv|nv|ab|as|oy|aps|limited)?\.?$/i

/** Whether a name is a domain and nothing else, but for a legal form: "Booking.com", "Example.com, Inc." */
export function isBrandDomain(name: string): boolean {
  const [host = ''] = plainDots(name).match(/^[\p{L}\p{N}-]+\.[a-z]{2,}(?:\.[a-z]{2})?/iu) ?? []
  return host !== '' && isDomain(host, false) && legalForms.test(plainDots(name).slice(host.length))
}

function isEmailAddress(word: string): boolean {
  return /^[a-z0-9_][\w.+'-]*@[a-z0-9-]+\.[a-z0-9.-]+$/i.test(word) && !schemes.test(word)
}

/** Looks like a full stop; no program makes a link around it. */
const leader = '\u2024'

/**
 * A name for the text or the subject of a mail: on one line, and nothing in it that a mail program makes a link of, whatever
 * was allowed when it was given. An email address stays: people are named by theirs until they choose a name.
 */
export function nameInMail(name: string): string {
  const line = name
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]+/gu, ' ')
    .replace(/\s+/gu, ' ')
    .trim()
  return line
    .split(' ')
    .map((word) => (isEmailAddress(word) ? word : defang(word)))
    .join(' ')
}

function defang(word: string): string {
  const isLink = (text: string) => schemes.test(text) || hostsIn(text).some(({ host }) => isDomain(host, true))
  if (!readings(word).some(isLink)) return word
  const apart = visible(word)
    .replace(/:\/\//g, ': //')
    .replace(/\b(https?|ftp|mailto|tel|sms|javascript|data):(?=\S)/gi, '$1: ')
  return apart.replace(/[.\u3002\uff0e\uff61](?=[\p{L}\p{N}])/gu, leader)
}
