import { chownSync, lstatSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import type { Logger } from 'pino'
import { ConfigError } from '../../config.ts'
import type { ClusterPlace } from './cluster-place.ts'

/** Where an embedded server listens: on a Unix socket in a closed folder, or, where there are none, on a loopback port. */
export interface ListensAt {
  port: number
  socketFolder: string | undefined
}

/** The port of a Unix socket is only a part of its name. */
const socketPort = 5432
/** `sun_path` less its final zero: 108 bytes on Linux, 104 on macOS. */
const maxPathBytes = process.platform === 'darwin' ? 103 : 107
const shortPrefix = '/tmp/queueup-'

/**
 * The cluster's own folder, which only its user can enter: nobody else can read the socket, or take its place while the server
 * is down and ask the application for its password. Where that path is too long for a socket, a closed folder of its own
 * in /tmp, under a name that cannot be guessed.
 */
export async function chooseListensAt(place: ClusterPlace, log: Logger): Promise<ListensAt> {
  if (process.platform === 'win32') return { port: await freePort(), socketFolder: undefined }
  if (fits(place.folder)) return { port: socketPort, socketFolder: place.folder }
  const socketFolder = mkdtempSync(shortPrefix)
  if (place.user) chownSync(socketFolder, place.user.uid, place.user.gid)
  log.info({ socketFolder }, `the database's socket lies in ${socketFolder}: the path of DATA_DIR is too long for one`)
  return { port: socketPort, socketFolder }
}

/**
 * Before a server listens in a folder again: it must still be its user's alone.
 * @throws ConfigError where it was removed or replaced; nobody may be sent the password there.
 */
export function requireClosed({ socketFolder }: ListensAt, { user }: ClusterPlace): void {
  if (socketFolder === undefined) return
  const stat = lstatSync(socketFolder, { throwIfNoEntry: false })
  const owner = user?.uid ?? process.getuid?.()
  if (!stat?.isDirectory() || stat.uid !== owner || (stat.mode & 0o077) !== 0)
    throw new ConfigError(
      `${socketFolder}, where the database's socket lies, is no longer closed to others. Stop QueueUp and start it again.`,
    )
}

/** Removes a folder that was made for the socket alone. */
export function forgetListensAt({ socketFolder }: ListensAt): void {
  if (socketFolder?.startsWith(shortPrefix) && dirname(socketFolder) === dirname(shortPrefix))
    rmSync(socketFolder, { recursive: true, force: true })
}

function fits(folder: string): boolean {
  return Buffer.byteLength(join(folder, `.s.PGSQL.${socketPort}`)) <= maxPathBytes
}

/** Below those that systems lend to outgoing connections: one of them could hold the port when the server starts again. */
const ports = { first: 10_000, past: 32_768 }
const portAttempts = 20

async function freePort(): Promise<number> {
  for (let attempt = 1; attempt <= portAttempts; attempt++) {
    const port = ports.first + Math.floor(Math.random() * (ports.past - ports.first))
    if (await isFree(port)) return port
  }
  throw new Error(`no free port among ${portAttempts} from ${ports.first} to ${ports.past - 1}`)
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer()
  try {
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve))
  } catch {
    return false
  }
  await new Promise((resolve) => server.close(resolve))
  return true
}
