import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import { z } from 'zod'
import type { Secrets } from '../../platform/secrets.ts'

/*
 * A sealed backup is one line of JSON, the envelope, and then chunks of AES-256-GCM (the STREAM construction). The key is
 * derived from SECRET_KEY and the whole envelope, which holds 32 random bytes: chunks of two files never fit together. The
 * nonce counts the chunks and marks the last one, so that none can be left out, moved, repeated or added.
 */

const chunkBytes = 64 * 1024
const tagBytes = 16
export const maxEnvelopeBytes = 4096

const envelopeSchema = z.strictObject({
  format: z.literal('queueup-backup'),
  version: z.literal(2),
  /** Which SECRET_KEY the file is encrypted under. */
  secret_version: z.string(),
  /** That key itself, where it was asked for. */
  secret_key: z.string().optional(),
  salt: z.string().regex(/^[0-9a-f]{64}$/),
})

/** The first line of a sealed backup, readable without any key. */
export interface Envelope extends z.infer<typeof envelopeSchema> {
  line: Buffer
}

/** Thrown where the chunks are not what was sealed. */
export class BrokenSeal extends Error {
  override readonly name = 'BrokenSeal'
}

export function makeEnvelope(secrets: Secrets, secretKey: string | undefined): Envelope {
  const content = {
    ...{ format: 'queueup-backup' as const, version: 2 as const, secret_version: secrets.version },
    ...(secretKey === undefined ? {} : { secret_key: secretKey }),
    salt: randomBytes(32).toString('hex'),
  }
  return { ...content, line: Buffer.from(`${JSON.stringify(content)}\n`) }
}

/** The envelope at the beginning of a file; undefined where there is none. */
export function parseEnvelope(beginning: Buffer): Envelope | undefined {
  const end = beginning.subarray(0, maxEnvelopeBytes).indexOf('\n')
  if (end < 0) return undefined
  try {
    const line = Buffer.from(beginning.subarray(0, end + 1))
    return { ...envelopeSchema.parse(JSON.parse(line.toString())), line }
  } catch {
    return undefined
  }
}

/** Encrypts a stream under the current SECRET_KEY, chunk by chunk; the envelope comes first. */
export async function* sealStream(
  secrets: Secrets,
  envelope: Envelope,
  pieces: AsyncIterable<Buffer>,
): AsyncGenerator<Buffer> {
  const key = fileKey(secrets.derive('backup'), envelope)
  yield envelope.line
  let number = 0
  for await (const { chunk, isLast } of chunksOf(pieces, chunkBytes)) {
    const cipher = createCipheriv('aes-256-gcm', key, nonceOf(number++, isLast))
    yield Buffer.concat([cipher.update(chunk), cipher.final(), cipher.getAuthTag()])
  }
}

/**
 * What was sealed; each chunk is authenticated before anything of it is handed on. `pieces` begin after the envelope.
 * @throws BrokenSeal where a chunk was changed, is missing, or is another file's, and for every chunk under another key.
 */
export async function* openSealed(
  secrets: Secrets | undefined,
  envelope: Envelope,
  pieces: AsyncIterable<Buffer>,
): AsyncGenerator<Buffer> {
  const isCurrent = envelope.secret_version === secrets?.version
  const derived = isCurrent ? secrets?.derive('backup') : secrets?.derivePrevious('backup')
  if (derived === undefined) throw new BrokenSeal('no key')
  const key = fileKey(derived, envelope)
  let number = 0
  for await (const { chunk, isLast } of chunksOf(pieces, chunkBytes + tagBytes)) {
    if (chunk.length < tagBytes) throw new BrokenSeal('too short')
    const decipher = createDecipheriv('aes-256-gcm', key, nonceOf(number++, isLast), { authTagLength: tagBytes })
    decipher.setAuthTag(chunk.subarray(-tagBytes))
    const text = decipher.update(chunk.subarray(0, -tagBytes))
    try {
      decipher.final()
    } catch {
      throw new BrokenSeal(isLast ? 'the last chunk' : 'a chunk')
    }
    yield text
  }
}

function fileKey(derived: string, envelope: Envelope): Buffer {
  return Buffer.from(hkdfSync('sha256', Buffer.from(derived, 'hex'), envelope.line, 'queueup/backup-file/v2', 32))
}

/** Eleven bytes of counter, then whether it is the last chunk. */
function nonceOf(number: number, isLast: boolean): Buffer {
  const nonce = Buffer.alloc(12)
  nonce.writeUIntBE(number, 5, 6)
  nonce[11] = isLast ? 1 : 0
  return nonce
}

/** Cuts a stream into chunks of one size; the last one may be shorter, and is there always. */
async function* chunksOf(
  pieces: AsyncIterable<Buffer>,
  size: number,
): AsyncGenerator<{ chunk: Buffer; isLast: boolean }> {
  let gathered: Buffer[] = []
  let bytes = 0
  for await (const piece of pieces) {
    gathered.push(piece)
    bytes += piece.length
    if (bytes <= size) continue
    const joined = Buffer.concat(gathered)
    let at = 0
    for (; joined.length - at > size; at += size) yield { chunk: joined.subarray(at, at + size), isLast: false }
    gathered = [joined.subarray(at)]
    bytes = joined.length - at
  }
  yield { chunk: Buffer.concat(gathered), isLast: true }
}
