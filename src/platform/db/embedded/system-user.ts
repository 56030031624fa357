import { readFileSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { ConfigError } from '../../config.ts'

/** Who the database server runs as. PostgreSQL refuses to run as root, so root lends it another user. */
export interface SystemUser {
  name: string
  uid: number
  gid: number
}

/** Undefined where the server may simply run as whoever we are. */
export function findServerUser(): SystemUser | undefined {
  if (process.getuid?.() !== 0) return undefined
  const entries = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
  for (const name of ['postgres', 'nobody']) {
    const entry = entries.find((fields) => fields[0] === name)
    if (entry && Number(entry[2]) > 0) return { name, uid: Number(entry[2]), gid: Number(entry[3]) }
  }
  throw new ConfigError(
    'PostgreSQL does not run as root, and there is neither a user "postgres" nor a user "nobody" to run it as. Start QueueUp as an ordinary user, or set DATABASE_URL.',
  )
}

/** Whether that user may pass through every folder on the way to `path`. */
export function canEnter(user: SystemUser, path: string): boolean {
  for (let folder = path; ; folder = dirname(folder)) {
    const { mode, uid, gid } = statSync(folder)
    const needed = uid === user.uid ? 0o100 : gid === user.gid ? 0o010 : 0o001
    if ((mode & needed) === 0) return false
    if (folder === dirname(folder)) return true
  }
}
