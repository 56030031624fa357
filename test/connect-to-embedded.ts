import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'

/** Connects to the embedded database that runs on a data directory, past the application. End it when done. */
export async function connectToEmbedded({ DATA_DIR = '' }: Record<string, string>): Promise<pg.Client> {
  const cluster = join(DATA_DIR, 'pg')
  const password = readFileSync(join(cluster, 'password'), 'utf8')
  const [, , , port, folder = ''] = readFileSync(join(cluster, 'data', 'postmaster.pid'), 'utf8').split('\n')
  const client = new pg.Client({ user: 'postgres', password, host: folder, port: Number(port), database: 'queueup' })
  client.on('error', () => undefined)
  await client.connect()
  return client
}
