import { domainToASCII } from 'node:url'
import { z } from 'zod'

export interface EmailAddress {
  /** As typed, trimmed. */
  email: string
  /** Two spellings are the same person when this agrees: NFC, lower case, domain in ASCII. */
  canonical: string
}

const maxBytes = 254
const maxLocalBytes = 64
/** A dot-atom (RFC 5322, section 3.2.3) with the letters of all languages (RFC 6532); \p{C} and spaces stay out. */
const atom = /^(?:[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]|[^\p{ASCII}\p{C}\p{Z}])+$/u
const label = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/

/** Reads an e-mail address; undefined for what is none. */
export function parseEmailAddress(text: string): EmailAddress | undefined {
  const email = text.trim()
  if (Buffer.byteLength(email) > maxBytes * 2) return undefined
  const normalized = email.normalize('NFC').toLowerCase().normalize('NFC')
  const at = normalized.lastIndexOf('@')
  if (at < 1 || !email.isWellFormed()) return undefined
  const local = normalized.slice(0, at)
  const typedDomain = normalized.slice(at + 1)
  if (Buffer.byteLength(local) > maxLocalBytes || !local.split('.').every((part) => atom.test(part))) return undefined
  if (!/^[^\s/?#:%[\]\\@<>^|]+$/.test(typedDomain)) return undefined
  const domain = domainToASCII(typedDomain)
  const labels = domain.split('.')
  // A domain whose last label is digits would be an IPv4 address, which domainToASCII rewrites.
  if (labels.length < 2 || !labels.every((part) => label.test(part)) || /^[0-9]+$/.test(labels.at(-1) ?? ''))
    return undefined
  const canonical = `${local}@${domain}`
  if (Buffer.byteLength(canonical) > maxBytes) return undefined
  return { email, canonical }
}

/** The address as an input schema. */
export const emailAddressSchema = z.string().transform((text, ctx) => {
  const address = parseEmailAddress(text)
  if (address) return address
  const problem = text.trim() === '' ? 'too_short' : Buffer.byteLength(text.trim()) > maxBytes ? 'too_long' : 'format'
  const message =
    problem === 'too_long'
      ? `The e-mail address is too long: at most ${maxBytes} bytes.`
      : 'This is not an e-mail address such as ada@example.com.'
  ctx.addIssue({ code: 'custom', message, params: { problem } })
  return z.NEVER
})
