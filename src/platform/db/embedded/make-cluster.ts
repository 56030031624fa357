import { execFile } from 'node:child_process'
import { chownSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { randomBase62 } from '../../secrets.ts'
import type { ClusterPlace } from './cluster-place.ts'

const run = promisify(execFile)

/**
 * Makes the cluster unless it is there. It is made beside its place and moved there whole, so that neither a crash nor a
 * second first start can leave half a cluster.
 */
export async function makeCluster(place: ClusterPlace): Promise<void> {
  if (existsSync(join(place.folder, 'data', 'PG_VERSION'))) return
  const { user } = place
  const making = join(dirname(place.folder), `.pg-${process.pid}-${randomBase62(6)}`)
  try {
    mkdirSync(making, { mode: 0o700 })
    mkdirSync(join(making, 'data'), { mode: 0o700 })
    writeFileSync(join(making, 'password'), randomBase62(40), { mode: 0o600 })
    if (user)
      for (const path of [making, join(making, 'data'), join(making, 'password')]) chownSync(path, user.uid, user.gid)
    const options = [
      '-D',
      join(making, 'data'),
      '-U',
      'postgres',
      `--pwfile=${join(making, 'password')}`,
      '-A',
      'scram-sha-256',
    ]
    const locale = ['-E', 'UTF8', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--no-instructions']
    await run(join(place.binaries.root, 'bin', 'initdb'), [...options, ...locale], {
      cwd: '/',
      env: { LC_ALL: 'C' },
      ...(user ? { uid: user.uid, gid: user.gid } : {}),
    })
    renameSync(making, place.folder)
  } catch (error) {
    // Another first start was quicker: its cluster is as good.
    if (!existsSync(join(place.folder, 'data', 'PG_VERSION'))) throw error
  } finally {
    rmSync(making, { recursive: true, force: true })
  }
}
