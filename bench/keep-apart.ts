import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { promisify } from 'node:util'

/**
 * Gives the first processor to some processes, and the second to others and their children. Answers whether it did: it takes
 * Linux, its taskset and the right to.
 */
export async function keepApart(first: readonly number[], second: readonly number[]): Promise<boolean> {
  if (process.platform !== 'linux' || [...first, ...second].includes(0)) return false
  try {
    for (const pid of first) await pin(pid, 0)
    for (const pid of second) await pin(pid, 1)
    // A child may have ended meanwhile.
    for (const child of second.flatMap(childrenOf)) await pin(child, 1).catch(() => undefined)
    return true
  } catch {
    return false
  }
}

/** All of its threads, and whatever it starts from now on. */
async function pin(pid: number, processor: number): Promise<void> {
  await promisify(execFile)('taskset', ['-a', '-c', '-p', String(processor), String(pid)])
}

function childrenOf(pid: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((one) => parentOf(one) === pid)
}

function parentOf(pid: number): number {
  try {
    return Number(/\) \S (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1])
  } catch {
    return 0
  }
}
