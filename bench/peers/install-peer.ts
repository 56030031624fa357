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
    // Not `npm ci`, which refuses a lockfile where optional packages for other machines are not to be had.
    await promisify(execFile)('npm', ['install', '--no-save', '--no-audit', '--no-fund'], {
      cwd: folder,
      maxBuffer: 2 ** 26,
    })
    return undefined
  } catch (error) {
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr) : ''
    return `it cannot be installed: ${/npm error (?!code).*/.exec(said)?.[0] ?? String(error).slice(0, 200)}`
  }
}
