import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { say } from '../part.ts'

/** Installs what a folder beside this file pins, once. Answers why it could not, or undefined. */
export async function installPeer(name: string): Promise<string | undefined> {
  const folder = fileURLToPath(new URL(name, import.meta.url))
  if (existsSync(`${folder}/node_modules/.package-lock.json`)) return undefined
  say(`installing ${name}`)
  try {
    await promisify(execFile)('npm', ['ci', '--no-audit', '--no-fund'], { cwd: folder, maxBuffer: 2 ** 26 })
    return undefined
  } catch (error) {
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr) : ''
    return `it cannot be installed: ${/npm error .*/.exec(said)?.[0] ?? String(error).slice(0, 200)}`
  }
}
