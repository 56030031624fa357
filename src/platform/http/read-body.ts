import type { IncomingMessage } from 'node:http'
import { AppError } from '../errors.ts'
import { clientSharesOf, type HeldBody } from './client-shares.ts'

const slowMs = 60_000

/**
 * Reads at most `maxBytes` of a body; stops listening to what goes on after that.
 * @throws AppError `payload_too_large`, `request_timeout` after a minute, `invalid_request` when the client breaks off, or
 * `rate_limited` and `unavailable` where the client, or all together, have too much on its way.
 */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const tooLarge = () =>
    new AppError('payload_too_large', `The body may have ${maxBytes} bytes at most.`, {
      headers: { Connection: 'close' },
    })
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge()
  if (request.destroyed && !request.readableEnded) throw new AppError('invalid_request', 'The body broke off.')
  return new Promise((resolve, reject) => {
    let held: HeldBody | undefined
    let chunks: Buffer[] = []
    let bytes = 0
    let isRefused = false
    const letGo = () => {
      clearTimeout(slow)
      clearImmediate(taking)
      held?.end()
      chunks = []
    }
    const refuse = (error: unknown) => {
      isRefused = true
      request.pause()
      letGo()
      reject(error)
    }
    // What arrives whole with its headers, as almost all do, holds nothing that would have to be counted.
    const taking = setImmediate(() => {
      try {
        held = clientSharesOf(request)?.takeBody(request)
        held?.add(bytes)
      } catch (error) {
        refuse(error)
      }
    })
    const slow = setTimeout(() => {
      const headers = { Connection: 'close' }
      refuse(new AppError('request_timeout', 'The body took longer than a minute.', { headers }))
    }, slowMs)
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (isRefused || bytes > maxBytes) {
        refuse(tooLarge())
        return
      }
      try {
        held?.add(chunk.length)
        chunks.push(chunk)
      } catch (error) {
        refuse(error)
      }
    })
    request.on('end', () => {
      resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks))
      letGo()
    })
    request.on('error', () => reject(new AppError('invalid_request', 'The body broke off.')))
    request.on('close', () => {
      letGo()
      if (!request.readableEnded) reject(new AppError('invalid_request', 'The body broke off.'))
    })
  })
}
