import type { IncomingMessage } from 'node:http'
import { AppError } from '../errors.ts'

const slowMs = 60_000

/**
 * Reads at most `maxBytes` of a body; stops listening to what goes on after that.
 * @throws AppError `payload_too_large`, `request_timeout` after a minute, or `invalid_request` when the client breaks off.
 */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const tooLarge = () =>
    new AppError('payload_too_large', `The body may have ${maxBytes} bytes at most.`, {
      headers: { Connection: 'close' },
    })
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge()
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let bytes = 0
    const slow = setTimeout(() => {
      request.pause()
      const headers = { Connection: 'close' }
      reject(new AppError('request_timeout', 'The body took longer than a minute.', { headers }))
    }, slowMs)
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes > maxBytes) {
        request.pause()
        reject(tooLarge())
      } else chunks.push(chunk)
    })
    request.on('end', () => {
      clearTimeout(slow)
      resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks))
    })
    request.on('error', () => reject(new AppError('invalid_request', 'The body broke off.')))
    request.on('close', () => {
      clearTimeout(slow)
      if (!request.readableEnded) reject(new AppError('invalid_request', 'The body broke off.'))
    })
  })
}
