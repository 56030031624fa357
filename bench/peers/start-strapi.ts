import { fork } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { findPort } from '../../src/platform/process/find-port.ts'
import { nextMessage, type Scratch } from '../scratch.ts'
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

/** Strapi as for production, quiet, with an API token that may find and create; its table filled by SQL. */
export async function startStrapi(scratch: Scratch, databaseUrl: string, people: number): Promise<Peer> {
  const port = await findPort('PORT', '127.0.0.1', 0)
  const publicFolder = scratch.makeFolder()
  mkdirSync(join(publicFolder, 'uploads'))
  const child = fork(fileURLToPath(new URL('strapi/start.js', import.meta.url)), {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: {
      PATH: process.env.PATH,
      NODE_ENV: 'production',
      STRAPI_TELEMETRY_DISABLED: 'true',
      PORT: String(port),
      DATABASE_URL: databaseUrl,
      PUBLIC_FOLDER: publicFolder,
    },
  })
  scratch.watch(child)
  const output = collectOutput(child)
  const { token } = await nextMessage<{ token: string }>(child, 'Strapi').catch((error) => {
    throw new Error(`${error.message}: ${output().slice(-500)}`)
  })
  const url = `http://127.0.0.1:${port}`
  await waitUntilServing(child, output, `${url}/_health`)

  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  await client.query(
    `insert into subscribers (${columns}, document_id, created_at, updated_at, published_at)
     select ${columns}, substr(md5(email), 1, 24), joined_at, joined_at, joined_at from (${peopleSelect}) p`,
    [people],
  )
  await makeIndexes(client)
  await client.end()

  const authorization = `Bearer ${token}`
  const fields = ['email', 'joined_at', 'position', 'referral_code', 'referral_count']
  const page = `/api/subscribers?filters%5Bwaitlist_id%5D%5B%24eq%5D=${readWaitlist}&sort=position&pagination%5Bpage%5D=1&pagination%5BpageSize%5D=50&${fields.map((field, i) => `fields%5B${i}%5D=${field}`).join('&')}`
  return {
    id: 'strapi',
    name: 'Strapi 5.54.0',
    url,
    pid: child.pid ?? 0,
    list: { method: 'GET', path: page, authorization },
    listUncounted: { method: 'GET', path: `${page}&pagination%5BwithCount%5D=false`, authorization },
    create: { method: 'POST', path: '/api/subscribers', authorization, body: `{"data":${newPerson}}` },
    readPage(body) {
      const { data, meta } = JSON.parse(body) as { data: unknown[]; meta: { pagination: { total: number } } }
      return { items: data.length, total: meta.pagination.total }
    },
  }
}
