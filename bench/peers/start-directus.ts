import { execFile, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import pg from 'pg'
import { findPort } from '../../src/platform/process/find-port.ts'
import type { Scratch } from '../scratch.ts'
import {
  collectOutput,
  columns,
  makeIndexes,
  newPerson,
  type Peer,
  peopleSelect,
  readWaitlist,
  waitUntilServing,
} from './peer.ts'

const cli = fileURLToPath(new URL('directus/node_modules/directus/cli.js', import.meta.url))
const adminToken = 'bench-admin-token'
const token = 'bench-static-token-of-a-person-who-reads-and-creates'

/** Directus as for production, quiet, with the static token of somebody who may read and create; filled by SQL. */
export async function startDirectus(scratch: Scratch, databaseUrl: string, people: number): Promise<Peer> {
  const port = await findPort('PORT', '127.0.0.1', 0)
  const url = `http://127.0.0.1:${port}`
  const cwd = scratch.makeFolder()
  const env = {
    PATH: process.env.PATH,
    NODE_ENV: 'production',
    HOST: '127.0.0.1',
    PORT: String(port),
    PUBLIC_URL: url,
    SECRET: 'bench-secret-of-more-than-32-characters',
    DB_CLIENT: 'pg',
    DB_CONNECTION_STRING: databaseUrl,
    ADMIN_EMAIL: 'admin@example.com',
    ADMIN_PASSWORD: 'bench-password',
    ADMIN_TOKEN: adminToken,
    TELEMETRY: 'false',
    LOG_LEVEL: 'error',
    // Or it answers 503 as soon as it is busy.
    PRESSURE_LIMITER_ENABLED: 'false',
  }
  await promisify(execFile)(process.execPath, [cli, 'bootstrap'], { cwd, env })
  const child = spawn(process.execPath, [cli, 'start'], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
  scratch.watch(child)
  await waitUntilServing(child, collectOutput(child), `${url}/server/ping`)
  await makeCollection(url)

  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  await client.query(`insert into subscribers (${columns}) ${peopleSelect}`, [people])
  await makeIndexes(client)
  await client.end()

  const authorization = `Bearer ${token}`
  const page = `/items/subscribers?filter%5Bwaitlist_id%5D%5B_eq%5D=${readWaitlist}&sort=position&limit=50&fields=id,email,joined_at,position,referral_code,referral_count`
  return {
    id: 'directus',
    name: 'Directus 11.17.4',
    url,
    pid: child.pid ?? 0,
    list: { method: 'GET', path: `${page}&meta=filter_count`, authorization },
    listUncounted: { method: 'GET', path: page, authorization },
    create: { method: 'POST', path: '/items/subscribers', authorization, body: newPerson },
    readPage(body) {
      const { data, meta } = JSON.parse(body) as { data: unknown[]; meta: { filter_count: number } }
      return { items: data.length, total: meta.filter_count }
    },
  }
}

async function makeCollection(url: string): Promise<void> {
  const ask = async (path: string, body: object) => {
    const response = await fetch(url + path, {
      method: 'POST',
      headers: { Authorization: `Bearer ${adminToken}`, 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`Directus answered ${path} with ${response.status}: ${text.slice(0, 300)}`)
    return text === '' ? '' : ((JSON.parse(text) as { data: { id?: string } }).data.id ?? '')
  }
  const field = (name: string, type: string, extra: object = {}) => ({
    field: name,
    type,
    meta: {},
    schema: { is_nullable: false, ...extra },
  })
  await ask('/collections', {
    collection: 'subscribers',
    schema: {},
    meta: {},
    fields: [
      {
        field: 'id',
        type: 'integer',
        meta: { hidden: true },
        schema: { is_primary_key: true, has_auto_increment: true },
      },
      field('waitlist_id', 'string'),
      field('email', 'string'),
      field('joined_at', 'timestamp'),
      field('position', 'integer'),
      field('referral_code', 'string'),
      field('referral_count', 'integer', { default_value: 0 }),
    ],
  })
  const policy = await ask('/policies', { name: 'Bench', admin_access: false, app_access: false })
  for (const action of ['read', 'create']) {
    await ask('/permissions', {
      policy,
      collection: 'subscribers',
      action,
      fields: ['*'],
      permissions: {},
      validation: {},
    })
  }
  const user = await ask('/users', { email: 'bench@example.com', token })
  await ask('/access', { user, policy })
}
