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

const legalForm =
  /^(?:inc|ltd|llc|plc|pvt|pty|co|corp|gmbh|ag|se|kg|sa|sas|sarl|srl|bv|nv|ab|as|oy|aps|spa|kft|doo|sp|z|o|limited)$/i
const smallWord = /^(?:and|of|the|for|de|du|la|le|et|y|e|und|der|die|das|für|van|von|&|\+)$/i

/**
 * Whether a company may be called so although it holds a domain: the domain begins the name or all is written as a title,
 * "Booking.com", "Amazon.com Services LLC", "Tata Sons Pvt.Ltd.". A sentence that sends readers to a domain is none.
 */
export function isBrandDomain(name: string): boolean {
  const words = plainDots(name).split(/\s+/u)
  const links = words.filter((word) => holdsLink(word))
  if (links.length === 0 || !links.every((word) => isDomainWord(word))) return false
  return links.every(isLegalForm) || words.every((word, i) => isTitleWord(word) || (i === 0 && isDomainWord(word)))
}

/** Whether what looks like domains are names after an abbreviation, as of "Chas.Name" and "Anna.Li". */
export function isAbbreviatedName(name: string): boolean {
  const abbreviated = /^(?:\p{Lu}\p{Ll}*\.)+\p{Lu}\p{Ll}+[.,]?$/u
  return plainDots(name)
    .split(/\s+/u)
    .every((word) => !holdsLink(word) || (abbreviated.test(word) && isDomainWord(word)))
}

/** A registrable domain without anything in front of it or behind it. */
function isDomainWord(word: string): boolean {
  const host = word.replace(/[,.!]$/, '')
  if (schemes.test(host) || !/^[\p{L}\p{M}\p{N}.-]+$/u.test(host)) return false
  return isDomain(host, false) && parse(host, { validateHostname: false }).subdomain === ''
}

/** "Ltd", "Pvt.Ltd." */
function isLegalForm(word: string): boolean {
  const parts = word.replace(/[,.]$/, '').split('.')
  return parts.every((part) => legalForm.test(part))
}

function isTitleWord(word: string): boolean {
  return smallWord.test(word) || isLegalForm(word) || !/^\P{L}*\p{Ll}/u.test(word)
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
  // Behind "//" programs take any host, and before a suffix nearly any sign.
  const isLink = (text: string) =>
    schemes.test(text) ||
    text.includes('//') ||
    hostsIn(text).some(({ host }) => isDomain(host, true)) ||
    (text.match(/\.[\p{L}\p{M}\p{N}-]+/gu) ?? []).some((end) => isDomain(`x${end}`, true) || /^\.xn--/i.test(end))
  if (!readings(word).some(isLink)) return word
  const apart = visible(word)
    .replace(/:\/\//g, ': //')
    .replace(/\b(https?|ftp|mailto|tel|sms|javascript|data):(?=\S)/gi, '$1: ')
  return apart.replace(/[.\u3002\uff0e\uff61](?=\S)/gu, leader)
}
