import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** The serving processes of a server, or the processes of a PostgreSQL. */
export function childrenOf(pid: number | undefined): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((child) => {
      try {
        const [, parent] = /^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${child}/status`, 'utf8')) ?? []
        return Number(parent) === pid && /node|postgres/.test(readlinkSync(`/proc/${child}/exe`))
      } catch {
        return false
      }
    })
    .filter((child) => !readFileSync(`/proc/${child}/cmdline`, 'utf8').includes('bin/postgres\0-D'))
}
