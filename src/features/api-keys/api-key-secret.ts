import { crc32 } from 'node:zlib'
import { randomBase62, toBase62 } from '../../platform/secrets.ts'

const start = 'qu_live_'
const form = /^qu_live_[0-9A-Za-z]{38}$/
const shownCharacters = 4

/** A new key: the prefix, 32 random characters (190 bits) and the checksum of all before it. */
export function mintApiKeySecret(): string {
  const body = start + randomBase62(32)
  return body + checksum(body)
}

/** What may be shown of a key: enough to tell two apart, too little to use (166 bits stay hidden). */
export function displayPrefix(secret: string): string {
  return `${secret.slice(0, start.length + shownCharacters)}…`
}

/** Whether a text is of a key's form, its checksum aside. */
export function looksLikeApiKey(text: string): boolean {
  return form.test(text)
}

/** Tells a mistyped key from one worth looking up. It is no security measure: anybody can compute the checksum. */
export function hasValidChecksum(secret: string): boolean {
  const body = secret.slice(0, -6)
  return form.test(secret) && checksum(body) === secret.slice(-6)
}

function checksum(body: string): string {
  return toBase62(crc32(body), 6)
}
