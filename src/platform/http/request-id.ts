import { randomUUID } from 'node:crypto'

/** The client's own id if it is plainly harmless, else a new one. */
export function requestIdFrom(sent: string | undefined): string {
  return sent !== undefined && /^[A-Za-z0-9_-]{1,64}$/.test(sent) ? sent : `req_${randomUUID().replaceAll('-', '')}`
}
