import { statfs } from 'node:fs/promises'
import { AppError } from '../errors.ts'
import type { Services } from '../services.ts'

const bytesPerMb = 1024 * 1024
/** So that a piece of a file costs no look of its own. */
const keptMs = 2_000

const known = new WeakMap<Services['config'], { untilMs: number; isLow: Promise<boolean> }>()

/**
 * Whether there is too little room for what can wait. The rest of the disk is for what cannot: subscribers who join one by
 * one, the log, and the database's own work.
 */
export function isDiskLow(services: Pick<Services, 'config' | 'db'>): Promise<boolean> {
  const last = known.get(services.config)
  if (last && last.untilMs > performance.now()) return last.isLow
  const isLow = measure(services)
  known.set(services.config, { untilMs: performance.now() + keptMs, isLow })
  isLow.catch(() => known.delete(services.config))
  return isLow
}

/** @throws AppError `unavailable`. */
export async function requireDiskSpace(services: Pick<Services, 'config' | 'db'>): Promise<void> {
  if (await isDiskLow(services)) throw diskIsLow()
}

function diskIsLow(): AppError {
  const detail =
    'This server is almost out of disk space, so it takes no files for now. Tell the person who runs it, and try again later.'
  return new AppError('unavailable', detail, {
    headers: { 'Retry-After': '600' },
    errors: [{ pointer: '#/file', code: 'refused', detail }],
  })
}

async function measure({ config, db }: Pick<Services, 'config' | 'db'>): Promise<boolean> {
  const { minFreeDiskMb, maxDatabaseMb, dataDir } = config
  if (minFreeDiskMb > 0) {
    const disk = await statfs(dataDir).catch(() => undefined)
    if (disk && disk.bavail * disk.bsize < minFreeDiskMb * bytesPerMb) return true
  }
  if (maxDatabaseMb === undefined) return false
  const [size] = await db.run<{ bytes: number }>(databaseSize, [])
  return size !== undefined && size.bytes > maxDatabaseMb * bytesPerMb
}

const databaseSize = { name: 'database_size', text: 'select pg_database_size(current_database()) as bytes' }
