import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { childrenOf } from './children-of.ts'
import type { Server } from './processes.ts'

/** How many connections of a server's port each of its serving processes holds. */
export function connectionsHeld(server: Server): Map<number, number> {
  const port = Number(new URL(server.url).port).toString(16).toUpperCase().padStart(4, '0')
  const inodes = readFileSync('/proc/net/tcp', 'utf8').matchAll(
    new RegExp(`^ *\\d+: [0-9A-F]+:${port} [0-9A-F]+:[0-9A-F]+ 01 (?:\\S+ +){5}(\\d+)`, 'gm'),
  )
  const open = new Set([...inodes].map(([, inode]) => `socket:[${inode}]`))
  return new Map(
    childrenOf(server.process.pid).map((pid) => [
      pid,
      readdirSync(`/proc/${pid}/fd`).filter((fd) => {
        try {
          return open.has(readlinkSync(`/proc/${pid}/fd/${fd}`))
        } catch {
          return false
        }
      }).length,
    ]),
  )
}
