import { AppError } from '../errors.ts'

/** Codes of sockets that broke, and PostgreSQL's classes 08 (connection), 57P (shutdown) and 53300 (too many connections). */
const failures = /^(ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|ENOTFOUND|EHOSTUNREACH|08...|57P0.|53300|58030)$/
const messages =
  /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|Query read timeout)/

/** The error to answer with: `unavailable` where the database could not be reached or went away, else the error itself. */
export function asUnavailable(error: unknown): unknown {
  if (!isConnectionFailure(error)) return error
  return new AppError(
    'unavailable',
    'The database cannot be reached at the moment. Try again shortly; nothing was half done.',
    {
      headers: { 'Retry-After': '2' },
      cause: error,
    },
  )
}

function isConnectionFailure(error: unknown): boolean {
  if (!(error instanceof Error) || error instanceof AppError) return false
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  if (error instanceof AggregateError) return error.errors.some(isConnectionFailure)
  return failures.test(code) || messages.test(error.message)
}
