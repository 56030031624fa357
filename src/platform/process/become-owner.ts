import { fileURLToPath } from 'node:url'
import { ConfigError } from '../config.ts'
import { canEnter, groupsOf, userOf } from '../db/embedded/system-user.ts'
import { packageRoot } from '../files/package-root.ts'

const code = fileURLToPath(packageRoot)

/**
 * Where root runs QueueUp on a data directory of another user, goes on as that user: what root made there, that user's own
 * server could neither read nor write. Answers that user, for the log; undefined where nothing changed.
 * @throws ConfigError where that user cannot read QueueUp itself.
 */
export function becomeOwner(dataDir: string): { name: string } | undefined {
  if (process.geteuid?.() !== 0) return undefined
  const owner = findOwner(dataDir)
  if (!owner || owner.uid === 0) return undefined
  if (!canEnter(owner, code))
    throw new ConfigError(
      `DATA_DIR ${dataDir} belongs to the user ${owner.name}, who cannot enter ${code}, where QueueUp itself lies. Move QueueUp to a folder that ${owner.name} can enter, such as /opt/queueup.`,
    )
  process.setgroups?.(groupsOf(owner))
  process.setgid?.(owner.gid)
  process.setuid?.(owner.uid)
  return { name: owner.name }
}

function findOwner(dataDir: string) {
  try {
    return userOf(dataDir)
  } catch {
    // Whatever it is, what makes and reads the folder next tells it.
    return undefined
  }
}
