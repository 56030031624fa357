import { ConfigError } from '../config.ts'

/** By the code of the driver, of Node's TLS, or of PostgreSQL (SQLSTATE): what the operator can do. */
const remedies: Record<string, string> = {
  ECONNREFUSED: 'Nothing listens there: start PostgreSQL, or correct the host and the port',
  ENOENT: 'There is no such socket or file: correct the path',
  EACCES: 'The user that QueueUp runs as may not open that socket or file',
  ENOTFOUND: 'There is no such host: correct its name',
  EAI_AGAIN: 'The name of the host could not be looked up: correct it, or mend the name service of this machine',
  ETIMEDOUT: 'It does not answer: correct the host and the port, or open the firewall',
  EHOSTUNREACH: 'The network does not lead there: correct the host, or mend the route',
  ENETUNREACH: 'The network does not lead there: correct the host, or mend the route',
  '28P01': 'Correct the user or the password',
  '28000':
    'Correct the user, or let it in from this machine by pg_hba.conf. Where that asks for TLS, add sslmode=verify-full',
  '3D000': 'Create that database, or correct its name',
  '53300': 'It has no connection left: raise its max_connections',
  '57P03': 'It is starting or stopping: try again in a moment',
}

const certificates: Record<string, string> = {
  CERT_HAS_EXPIRED: 'Its certificate has expired: renew it',
  ERR_TLS_CERT_ALTNAME_INVALID: 'Its certificate is for another host name: use the name in the certificate',
}

/** Why the database of DATABASE_URL cannot be used, in one sentence with the way out. The password is in none of it. */
export function connectionRefusal(error: unknown): ConfigError {
  const reason: unknown = error instanceof AggregateError ? error.errors[0] : error
  const message = reason instanceof Error ? reason.message : String(reason)
  const code = reason instanceof Error && 'code' in reason ? String(reason.code) : ''
  return new ConfigError(
    `The database of DATABASE_URL does not let us in: ${message.replace(/; if the root CA.*|\.$/s, '')}. ${remedyOf(code, message)}.`,
    { cause: error },
  )
}

function remedyOf(code: string, message: string): string {
  const known = certificates[code] ?? remedies[code]
  if (known) return known
  if (/certificate|self.signed/i.test(message))
    return 'Add sslrootcert=/path/to/the/authority.pem to it; or sslmode=no-verify, where the network is trusted'
  if (/does not support SSL/.test(message))
    return 'Turn TLS on there; or add sslmode=disable, where the network is trusted'
  if (/timeout/i.test(message)) return remedies.ETIMEDOUT ?? ''
  return 'Correct DATABASE_URL, or mend the database'
}
