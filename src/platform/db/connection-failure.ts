import { ConfigError } from '../config.ts'
import { AppError } from '../errors.ts'

/**
 * Codes of sockets that broke, PostgreSQL's classes 08 (connection) and 57P (shutdown), and 25006: what we reached is a standby,
 * which only reads.
 */
const lost =
  /^(ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|08...|57P0.|25006)$/
const lostMessages =
  /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|Query read timeout|timeout expired)/
/** Out of space, memory or connections (53), files that fail (58030), what waited or took too long, and who lost to somebody else. */
const overburdened = /^(53...|58030|55P03|57014|40001|40P01)$/

/**
 * The error to answer with: `unavailable` where the database was away or had no room or time for it, also where a library says
 * so in words of its own and gives that as the cause; else the error itself.
 */
export function asUnavailable(error: unknown): unknown {
  if (!(isLostConnection(error) || overburdened.test(codeOf(error)))) {
    const isFinal = error instanceof AppError || error instanceof ConfigError
    const hasCause = error instanceof Error && !isFinal && error.cause instanceof Error
    const deeper = hasCause ? asUnavailable(error.cause) : undefined
    return deeper instanceof AppError ? deeper : error
  }
  const detail = isLostConnection(error)
    ? 'The database cannot be reached at the moment.'
    : 'The database has no room or no time for this at the moment.'
  return new AppError('unavailable', `${detail} Try again shortly; nothing was half done.`, {
    headers: { 'Retry-After': '2' },
    cause: error,
  })
}

/** Whether the database worked on a statement until its timeout ended it (57014). Takes what `asUnavailable` returned, too. */
export function isStatementTimeout(error: unknown): boolean {
  return codeOf(error instanceof AppError ? error.cause : error) === '57014'
}

/** Whether the connection that failed so is of no more use, so that the next request needs another one. */
export function isLostConnection(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.some(isLostConnection)
  if (!(error instanceof Error)) return false
  return lost.test(codeOf(error)) || lostMessages.test(error.message) || isSocketGone(error)
}

/** The Unix socket of a server that is down, or of one that is starting. */
function isSocketGone(error: Error): boolean {
  return codeOf(error) === 'ENOENT' && 'syscall' in error && error.syscall === 'connect'
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error) || error instanceof AppError) return ''
  return 'code' in error && typeof error.code === 'string' ? error.code : ''
}
