import { readdirSync, readFileSync } from 'node:fs'

/** USER_HZ, which is 100 wherever Linux runs Node.js. */
const ticksPerSecond = 100

export interface CpuTime {
  serverSeconds: number
  postgresSeconds: number
}

/** The processor time used so far by the server and what it forked, and by PostgreSQL; undefined where no /proc tells. */
export function readCpuTime(serverPid: number, postmasterPid: number): CpuTime | undefined {
  try {
    const all = readdirSync('/proc')
      .filter((name) => /^[0-9]+$/.test(name))
      .map((name) => readStat(Number(name)))
      .filter((stat) => stat !== undefined)
    if (!all.some((stat) => stat.pid === serverPid)) return undefined
    const secondsOf = (pid: number) =>
      all
        .filter((stat) => pid > 0 && (stat.pid === pid || stat.parent === pid))
        .reduce((sum, stat) => sum + stat.seconds + (stat.pid === pid ? stat.secondsOfEnded : 0), 0)
    return { serverSeconds: secondsOf(serverPid), postgresSeconds: secondsOf(postmasterPid) }
  } catch {
    return undefined
  }
}

interface Stat {
  pid: number
  parent: number
  seconds: number
  /** Of its children that have ended. */
  secondsOfEnded: number
}

function readStat(pid: number): Stat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    const seconds = (first: number) => (Number(fields[first]) + Number(fields[first + 1])) / ticksPerSecond
    return { pid, parent: Number(fields[1]), seconds: seconds(11), secondsOfEnded: seconds(13) }
  } catch {
    // It ended meanwhile.
    return undefined
  }
}
