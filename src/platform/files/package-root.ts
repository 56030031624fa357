import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

/** The folder of QueueUp itself, with a slash at its end, whether its source runs or what was built of it. */
export const packageRoot = findRoot()

function findRoot(): URL {
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder)
  return pathToFileURL(join(folder, '/'))
}
