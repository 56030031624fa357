import { z } from 'zod'
import { randomBase62 } from './secrets.ts'

/** A number for one form, so that sending it twice makes one thing. */
export function newFormNonce(): string {
  return randomBase62(22)
}

export const formNonceSchema = z.string().regex(/^[0-9A-Za-z]{22}$/, 'Reload the page and send the form again.')
