import { existsSync, readFileSync, readlinkSync, realpathSync, unlinkSync } from 'node:fs'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

export interface Postmaster {
  pid: number
  port: number
  /** Where its Unix socket is; undefined for one that listens on TCP. */
  socketFolder: string | undefined
  ready: boolean
}

/** The server that runs on a data folder, by its `postmaster.pid`; undefined where none does. */
export function findPostmaster(dataFolder: string): Postmaster | undefined {
  const lines = readPidFile(dataFolder)
  const pid = Number(lines?.[0])
  if (!lines || !Number.isInteger(pid) || pid <= 0 || !isServerOf(pid, dataFolder)) return undefined
  const socketFolder = lines[4]?.trim() || undefined
  return { pid, port: Number(lines[3]), socketFolder, ready: (lines[7] ?? '').trim() === 'ready' }
}

/** Removes a `postmaster.pid` whose number now belongs to some other program, which PostgreSQL itself cannot tell. */
export function removeForeignPidFile(dataFolder: string): void {
  const pid = Number(readPidFile(dataFolder)?.[0])
  if (Number.isInteger(pid) && pid > 0 && isAlive(pid) && !isServerOf(pid, dataFolder))
    unlinkSync(join(dataFolder, 'postmaster.pid'))
}

/** Stops a server cleanly: open transactions are rolled back, everything committed is written. */
export async function stopPostmaster(postmaster: Pick<Postmaster, 'pid'>, dataFolder: string): Promise<void> {
  for (const [signal, attempts] of [
    ['SIGINT', 600],
    ['SIGQUIT', 100],
  ] as const) {
    if (!isServerOf(postmaster.pid, dataFolder)) return
    process.kill(postmaster.pid, signal)
    for (let i = 0; i < attempts && isAlive(postmaster.pid); i++) await sleep(50)
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return !isZombie(pid)
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

function isZombie(pid: number): boolean {
  try {
    return /^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

/** On Linux the process itself tells; elsewhere the pid file's word is taken. */
function isServerOf(pid: number, dataFolder: string): boolean {
  if (!isAlive(pid)) return false
  if (!existsSync('/proc/self/exe')) return true
  try {
    const executable = readlinkSync(`/proc/${pid}/exe`).replace(/ \(deleted\)$/, '')
    return basename(executable) === 'postgres' && readlinkSync(`/proc/${pid}/cwd`) === realpathSync(dataFolder)
  } catch {
    return false
  }
}

function readPidFile(dataFolder: string): string[] | undefined {
  try {
    return readFileSync(join(dataFolder, 'postmaster.pid'), 'utf8').split('\n')
  } catch {
    return undefined
  }
}
