import { domainToUnicode } from 'node:url'
import { parseEmailAddress } from '../subscribers/email-address.ts'

/** How addresses stand in text: in lower case, the domain as a mail server reads it and as a person does. */
export type Spellings = ReadonlyMap<string, readonly string[]>

export function spellingsOf(canonicalEmails: readonly string[]): Spellings {
  return new Map(
    canonicalEmails.map((canonical) => {
      const at = canonical.lastIndexOf('@') + 1
      const readable = `${canonical.slice(0, at)}${domainToUnicode(canonical.slice(at)).normalize('NFC')}`
      return [canonical, readable === canonical ? [canonical] : [canonical, readable]]
    }),
  )
}

/**
 * Whether a text names one of the addresses: alone or amid other words, however its domain is spelled, decomposed, or encoded
 * for a link. Not where the address is part of a longer one, which is somebody else's.
 */
export function namesAddress(text: string, addresses: Spellings): boolean {
  if (!text.includes('@') && !text.includes('%40')) return false
  return [text, ...(text.includes('%') ? [decodeLinks(text)] : [])].some((text) => {
    const words = [text, text.replace(/^'/, ''), ...text.split(/[\s,;|"<>()[\]:]+/)]
    if (words.some((word) => isAddress(word, addresses))) return true
    const plain = text.normalize('NFC').toLowerCase().normalize('NFC')
    return [...addresses.values()].some((spellings) => spellings.some((spelling) => hasAlone(plain, spelling)))
  })
}

/** Whether a text is one of the addresses, and nothing else. */
export function isAddress(text: string, addresses: Spellings): boolean {
  const canonical = text.includes('@') ? parseEmailAddress(text)?.canonical : undefined
  return canonical !== undefined && addresses.has(canonical)
}

function hasAlone(text: string, address: string): boolean {
  for (let at = text.indexOf(address); at >= 0; at = text.indexOf(address, at + 1)) {
    if (!goesOnBefore(text, at) && !goesOnAfter(text, at + address.length)) return true
  }
  return false
}

const isLetter = (character: string | undefined) => character !== undefined && /[\p{L}\p{N}\p{M}]/u.test(character)

/** Before it stands more of a local part, as in `nada@` and `ada.ada@`; a dash or dots alone are a list's or a sentence's. */
function goesOnBefore(text: string, at: number): boolean {
  let before = at - 1
  while (before >= 0 && '._+-'.includes(text[before] ?? ' ')) before -= 1
  return isLetter(text[before])
}

/** After it stands more of a domain, as in `.au`; not the end of a sentence. */
function goesOnAfter(text: string, at: number): boolean {
  const next = text[at] ?? ''
  return isLetter(next) || ('.-'.includes(next) && next !== '' && isLetter(text[at + 1]))
}

/** What stands encoded for a link, as in `ada%40example.com`; what is no such code stays as it is. */
function decodeLinks(text: string): string {
  return text.replace(/(?:%[0-9a-f]{2})+/gi, (codes) => Buffer.from(codes.replaceAll('%', ''), 'hex').toString('utf8'))
}
