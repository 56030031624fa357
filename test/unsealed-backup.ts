import { readFileSync } from 'node:fs'
import { makeEnvelope, openSealed, parseEnvelope, sealStream } from '../src/features/backup/sealed-file.ts'
import { makeSecrets } from '../src/platform/secrets.ts'

async function* of(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes
}

async function gather(pieces: AsyncIterable<Buffer>): Promise<Buffer> {
  const gathered: Buffer[] = []
  for await (const piece of pieces) gathered.push(piece)
  return Buffer.concat(gathered)
}

/** What is inside of a sealed backup: byte for byte a backup of version 1, but that it holds no key. */
export function unsealBackup(path: string, secretKey: string): Promise<Buffer> {
  const bytes = readFileSync(path)
  const envelope = parseEnvelope(bytes)
  if (!envelope) throw new Error(`${path} is not sealed`)
  return gather(openSealed(makeSecrets(secretKey), envelope, of(bytes.subarray(envelope.line.length))))
}

/** As somebody who has the key would seal it. */
export function sealBackup(inside: Buffer, secretKey: string, kept?: string): Promise<Buffer> {
  const secrets = makeSecrets(secretKey)
  return gather(sealStream(secrets, makeEnvelope(secrets, kept), of(inside)))
}
