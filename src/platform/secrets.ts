import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto'
import { neverShow } from './log/hide-secrets.ts'

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** Uniform over `0-9A-Za-z`: bytes past the last whole multiple of 62 are drawn again, so that no character is favoured. */
export function randomBase62(length: number): string {
  let text = ''
  while (text.length < length) {
    for (const byte of randomBytes(length * 2)) {
      if (byte < 248 && text.length < length) text += alphabet[byte % 62]
    }
  }
  return text
}

/** Base 62 (`0-9A-Za-z`), most significant digit first, padded with `0` to `width`. */
export function toBase62(value: number, width: number): string {
  let rest = value
  let text = ''
  while (text.length < width || rest > 0) {
    text = alphabet[rest % 62] + text
    rest = Math.floor(rest / 62)
  }
  return text
}

/** Compares without telling by its duration where two texts differ. */
export function constantTimeEqual(left: string | Buffer, right: string | Buffer): boolean {
  const [a, b] = [Buffer.from(left), Buffer.from(right)]
  return a.length === b.length && timingSafeEqual(a, b)
}

export type SecretPurpose =
  | 'api-key'
  | 'session'
  | 'token'
  | 'form-nonce'
  | 'accounts'
  | 'referral'
  | 'fingerprint'
  | 'job'
  | 'half-session'
  | 'trusted-device'
  | 'sign-up'
  | 'two-factor'
  | 'removed-subscriber'
  | 'backup'
  | 'mail-preview'
  | 'form-owner'
  | 'carried-form'

/** Keyed hashing under SECRET_KEY. Each purpose has a key of its own (HKDF, RFC 5869), so that no hash serves for another. */
export interface Secrets {
  /** HMAC-SHA-256 under the current secret. */
  hash(purpose: SecretPurpose, value: string): Buffer
  /** The hash under the current secret, then under the previous one where a rotation is under way. */
  hashes(purpose: SecretPurpose, value: string): Buffer[]
  /** Names the secret that `hash` uses, to be stored beside the hash. */
  version: string
  /** The versions `hashes` covers, in the same order. */
  versions: string[]
  /** A derived key, in hex, for libraries that want a secret of their own. */
  derive(purpose: SecretPurpose): string
  /** The same from the previous secret, where a rotation is under way. */
  derivePrevious(purpose: SecretPurpose): string | undefined
  /** Encrypts under the current secret (AES-256-GCM). */
  seal(purpose: SecretPurpose, text: string): Buffer
  /** What was sealed under the current or the previous secret; undefined for anything else. */
  open(purpose: SecretPurpose, sealed: Buffer): string | undefined
}

/** `secretKey` and `previous` are at least 32 bytes of entropy; the configuration has checked that. */
export function makeSecrets(secretKey: string, previous?: string): Secrets {
  const masters = previous ? [secretKey, previous] : [secretKey]
  for (const master of masters) neverShow(master)
  const derived = new Map<string, KeyObject>()
  const keyFor = (master: string, purpose: SecretPurpose) => {
    const name = `${masters.indexOf(master)}:${purpose}`
    const known = derived.get(name)
    if (known) return known
    // As a key object: an HMAC from bytes makes one each time, which takes longer than all the rest of it.
    const key = createSecretKey(Buffer.from(hkdfSync('sha256', master, '', `queueup/${purpose}/v1`, 32)))
    derived.set(name, key)
    return key
  }
  const hashWith = (master: string, purpose: SecretPurpose, value: string) =>
    createHmac('sha256', keyFor(master, purpose)).update(value).digest()
  const versions = masters.map((master) => hashWith(master, 'fingerprint', 'queueup').toString('hex').slice(0, 12))
  return {
    hash: (purpose, value) => hashWith(secretKey, purpose, value),
    hashes: (purpose, value) => masters.map((master) => hashWith(master, purpose, value)),
    version: versions[0] ?? '',
    versions,
    derive: (purpose) => keyFor(secretKey, purpose).export().toString('hex'),
    derivePrevious: (purpose) => (previous ? keyFor(previous, purpose).export().toString('hex') : undefined),
    seal: (purpose, text) => sealWith(keyFor(secretKey, purpose), text),
    open(purpose, sealed) {
      for (const master of masters) {
        const text = openWith(keyFor(master, purpose), sealed)
        if (text !== undefined) return text
      }
      return undefined
    },
  }
}

const nonceBytes = 12
const tagBytes = 16

/** Nonce, tag, ciphertext. */
function sealWith(key: KeyObject, text: string): Buffer {
  const nonce = randomBytes(nonceBytes)
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
  return Buffer.concat([nonce, cipher.getAuthTag(), sealed])
}

function openWith(key: KeyObject, sealed: Buffer): string | undefined {
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, nonceBytes))
    decipher.setAuthTag(sealed.subarray(nonceBytes, nonceBytes + tagBytes))
    const text = Buffer.concat([decipher.update(sealed.subarray(nonceBytes + tagBytes)), decipher.final()])
    return text.toString('utf8')
  } catch {
    return undefined
  }
}
