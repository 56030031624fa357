import { readFileSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { ConfigError } from '../../config.ts'

/** Who a process runs as: PostgreSQL refuses to run as root, so root lends it another user. */
export interface SystemUser {
  name: string
  uid: number
  gid: number
}

/** For a new cluster. Undefined where the server may run as the user that we are. */
export function findServerUser(): SystemUser | undefined {
  if (process.getuid?.() !== 0) return undefined
  const entries = readUsers()
  for (const wanted of ['postgres', 'nobody']) {
    const user = entries.find(({ name, uid }) => name === wanted && uid > 0)
    if (user) return user
  }
  throw new ConfigError(
    'PostgreSQL does not run as root, and there is neither a user "postgres" nor a user "nobody" to run it as. Start QueueUp as an ordinary user, or set DATABASE_URL.',
  )
}

/** Who a file or folder belongs to. */
export function userOf(path: string): SystemUser {
  const { uid, gid } = statSync(path)
  const user = readUsers().find((user) => user.uid === uid)
  return user ?? { name: String(uid), uid, gid }
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

/** The ids of all groups that a user is in. */
export function groupsOf({ name, gid }: SystemUser): number[] {
  const others = readEntries('/etc/group').filter(([, , , members = '']) => members.split(',').includes(name))
  return [...new Set([gid, ...others.map(([, , id]) => Number(id))])]
}

function readUsers(): SystemUser[] {
  return readEntries('/etc/passwd').map(([name = '', , uid, gid]) => ({ name, uid: Number(uid), gid: Number(gid) }))
}

function readEntries(path: string): string[][] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
}
