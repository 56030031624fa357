import { createHmac, randomBytes } from 'node:crypto'
import { constantTimeEqual } from '../../platform/secrets.ts'

/** What every app takes without being told: SHA-1, six digits, thirty seconds (RFC 6238, RFC 4226). */
const stepMs = 30_000
const digits = 6
const secretBytes = 20
/** A clock may be a step ahead or behind, and so may somebody who types slowly. */
const toleratedSteps = 1

const base32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** A new secret as apps show and take it (base 32, RFC 4648). */
export function newTotpSecret(): string {
  let bits = ''
  for (const byte of randomBytes(secretBytes)) bits += byte.toString(2).padStart(8, '0')
  return (bits.match(/.{5}/g) ?? []).map((five) => base32[Number.parseInt(five, 2)]).join('')
}

/** The code of a secret for one step. */
export function totpCode(secret: string, step: number): string {
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(step))
  const mac = createHmac('sha1', decodeBase32(secret)).update(counter).digest()
  const offset = mac.readUInt8(mac.length - 1) & 0x0f
  const number = (mac.readUInt32BE(offset) & 0x7fffffff) % 10 ** digits
  return String(number).padStart(digits, '0')
}

export function totpStep(at: Date): number {
  return Math.floor(at.getTime() / stepMs)
}

/** The newest step around a time whose code this is. */
export function matchTotp(secret: string, code: string, at: Date): number | undefined {
  const now = totpStep(at)
  for (let step = now + toleratedSteps; step >= now - toleratedSteps; step -= 1) {
    if (constantTimeEqual(totpCode(secret, step), code)) return step
  }
  return undefined
}

/** What the QR code says: the secret, and whose account where. */
export function totpUri(secret: string, account: string): string {
  return `otpauth://totp/QueueUp:${encodeURIComponent(account)}?secret=${secret}&issuer=QueueUp`
}

function decodeBase32(text: string): Buffer {
  const bits = [...text].map((letter) => base32.indexOf(letter).toString(2).padStart(5, '0')).join('')
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((eight) => Number.parseInt(eight, 2)))
}
