import { execFileSync, spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import pino from 'pino'
import { expect, vi } from 'vitest'
import { findClusterPlace } from '../src/platform/db/embedded/cluster-place.ts'
import { findBinaries } from '../src/platform/db/embedded/find-binaries.ts'
import { makeCluster } from '../src/platform/db/embedded/make-cluster.ts'
import { findServerUser } from '../src/platform/db/embedded/system-user.ts'
import { startRelay } from './relay.ts'

export interface ReplicatedPostgres {
  primary: Node
  standby: Node
  /** Keeps the standby from hearing any more of the primary. */
  part(): void
  /** Lets it follow again. */
  rejoin(): void
  /** Ends both and removes what they kept. */
  remove(): void
}

interface Node {
  port: number
  /** A superuser's way to the database `queueup`. */
  url: string
  query<Row>(text: string): Promise<Row[]>
  kill(): void
}

/**
 * A PostgreSQL and its standby: a commit is acknowledged when both have it, or, where replication is asynchronous, when the
 * primary has.
 */
export async function startReplicatedPostgres({ isSynchronous = true } = {}): Promise<ReplicatedPostgres> {
  const folder = mkdtempSync(join(tmpdir(), 'queueup-replicated-'))
  chmodSync(folder, 0o711)
  const log = pino({ level: 'silent' })
  const place = findClusterPlace(join(folder, 'one'), await findBinaries(), findServerUser(), log)
  await makeCluster(place)
  const password = readFileSync(join(place.folder, 'password'), 'utf8')
  const data = { primary: join(place.folder, 'data'), standby: join(place.folder, 'standby') }
  // A cluster that has never run is at rest: its copy follows it from the first row on.
  execFileSync('cp', ['-a', data.primary, data.standby])
  writeFileSync(join(data.standby, 'standby.signal'), '')
  const own = place.user ? { uid: place.user.uid, gid: place.user.gid } : {}
  const launch = async (name: 'primary' | 'standby', settings: Record<string, string>): Promise<Node> => {
    const port = await freePort()
    const all = { listen_addresses: '127.0.0.1', unix_socket_directories: '', fsync: 'off', jit: 'off', ...settings }
    const options = Object.entries({ ...all, port }).flatMap(([key, value]) => ['-c', `${key}=${value}`])
    const binary = join(place.binaries.root, 'bin', 'postgres')
    const server = spawn(binary, ['-D', data[name], ...options], {
      ...own,
      cwd: '/',
      detached: true,
      stdio: 'ignore',
      env: { LC_ALL: 'C' },
    })
    const url = `postgres://postgres:${password}@127.0.0.1:${port}/queueup`
    return {
      port,
      url,
      query: (text) => query(url.replace(/queueup$/, 'postgres'), text),
      kill: () => server.exitCode === null && server.signalCode === null && process.kill(server.pid ?? 0, 'SIGKILL'),
    }
  }
  const primary = await launch('primary', {
    synchronous_standby_names: isSynchronous ? 'standby' : '',
    wal_keep_size: '512MB',
  })
  const between = await startRelay(primary.port)
  const { port } = new URL(between.through(primary.url))
  const conninfo = `host=127.0.0.1 port=${port} user=postgres password=${password} application_name=standby`
  const standby = await launch('standby', { primary_conninfo: conninfo, wal_retrieve_retry_interval: '200ms' })
  await vi.waitFor(
    async () => {
      const states = await primary.query("select sync_state from pg_stat_replication where state = 'streaming'")
      expect(states).toEqual([{ sync_state: isSynchronous ? 'sync' : 'async' }])
    },
    { timeout: 30_000 },
  )
  await primary.query('create database queueup')
  return {
    primary,
    standby,
    part() {
      between.leadTo(undefined)
      between.cut()
    },
    rejoin: () => between.leadTo(primary.port),
    remove() {
      between.close()
      for (const node of [primary, standby]) node.kill()
      rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
    },
  }
}

async function query<Row>(url: string, text: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => undefined)
  await client.connect()
  try {
    return (await client.query(text)).rows as Row[]
  } finally {
    await client.end()
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (!address || typeof address === 'string') throw new Error('no free port')
  return address.port
}
