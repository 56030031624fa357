import type { MiddlewareHandler } from 'hono'
import { AppError } from '../errors.ts'
import type { AppEnv } from './app-env.ts'

/** Addresses with a NUL, a lone surrogate or a broken escape name no page, and no database could look them up. */
export const refuseOddAddresses: MiddlewareHandler<AppEnv> = (c, next) => {
  const url = c.env.incoming.url ?? '/'
  if (isOdd(url)) throw new AppError('not_found', 'There is no such page.')
  return next()
}

function isOdd(url: string): boolean {
  try {
    return decodeURIComponent(url.replaceAll('+', ' ')).includes('\0')
  } catch {
    return true
  }
}
