import { readdirSync, readFileSync } from 'node:fs'

/** USER_HZ, which is 100 wherever Linux runs Node.js. */
const ticksPerSecond = 100

export interface CpuTime {
  serverSeconds: number
  postgresSeconds: number
}

/** The processor time used so far by the server and by all of PostgreSQL; undefined where there is no /proc to tell. */
export function readCpuTime(serverPid: number, postmasterPid: number): CpuTime | undefined {
  try {
    const postgres = readdirSync('/proc')
      .filter((name) => /^[0-9]+$/.test(name))
      .map((name) => readStat(Number(name)))
      .filter((stat) => stat !== undefined && (stat.pid === postmasterPid || stat.parent === postmasterPid))
    const server = readStat(serverPid)
    if (!server) return undefined
    return {
      serverSeconds: server.seconds,
      postgresSeconds: postgres.reduce((sum, stat) => sum + (stat?.seconds ?? 0), 0),
    }
  } catch {
    return undefined
  }
}

function readStat(pid: number): { pid: number; parent: number; seconds: number } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return { pid, parent: Number(fields[1]), seconds: (Number(fields[11]) + Number(fields[12])) / ticksPerSecond }
  } catch {
    // It ended meanwhile.
    return undefined
  }
}
