import { lstatSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

/**
 * The files and folders in a data directory that anybody but their owner may do anything with, and all that are neither; how
 * many were looked at. The directory itself may be passed through, by the user that PostgreSQL runs as where root runs the product.
 */
export function openToOthers(dataDir: string): { looked: number; open: string[] } {
  const paths = ['', ...readdirSync(dataDir, { recursive: true, encoding: 'utf8' })]
  const open = paths.flatMap((path) => {
    const stat = lstatSync(join(dataDir, path), { throwIfNoEntry: false })
    if (!stat) return []
    const allowed = path === '' ? 0o711 : stat.isDirectory() ? 0o700 : 0o600
    const mode = stat.mode & 0o7777
    return (stat.isFile() || stat.isDirectory() || stat.isSocket()) && (mode & ~allowed) === 0
      ? []
      : [`${path}: ${mode.toString(8)}`]
  })
  return { looked: paths.length, open }
}
