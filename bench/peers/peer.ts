import type { ChildProcess } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from 'pg'
import type { LoadRequest } from '../load-worker.ts'

/** Another product, running, with the same people in a table of its own. */
export interface Peer {
  id: string
  name: string
  url: string
  pid: number
  list: LoadRequest
  /** The same page without the number of all people. */
  listUncounted: LoadRequest
  create: LoadRequest
  /** How many people an answer lists, and of how many. */
  readPage(body: string): { items: number; total: number }
}

export const readWaitlist = 'waitlist-that-is-read'
const createdWaitlist = 'waitlist-that-fills-up'

/** What a create sends: what QueueUp finds out by itself has to be said. */
export const newPerson = `{"waitlist_id":"${createdWaitlist}","email":"somebody.{n}@example.com","joined_at":"2026-01-01T00:00:00Z","position":{n},"referral_code":"r{n}","referral_count":0}`

export const columns = 'waitlist_id, email, joined_at, position, referral_code, referral_count'

/** The people of `fillDatabase`, as a SELECT of `columns`, and the indexes that anybody would make for them. */
export const peopleSelect = `
  select '${readWaitlist}' as waitlist_id,
         (array['ada', 'alan', 'barbara', 'donald', 'frances', 'grace', 'hedy', 'katherine'])[n % 8 + 1] || '.' || n || '@example.com' as email,
         now() - make_interval(secs => ($1::integer - n) * 50) as joined_at, n as position,
         substr(md5(n::text), 1, 8) as referral_code, 0 as referral_count
  from generate_series(1, $1::integer) n`

export async function makeIndexes(client: Client): Promise<void> {
  await client.query('create index on subscribers (waitlist_id, position)')
  await client.query('create unique index on subscribers (waitlist_id, email)')
  await client.query('vacuum (analyze)')
}

/** Waits until a server answers an address with 200. @throws Error when it ends, or after a minute. */
export async function waitUntilServing(child: ChildProcess, output: () => string, url: string): Promise<void> {
  for (let attempt = 0; attempt < 600; attempt++) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`it ended: ${output().slice(-500)}`)
    const response = await fetch(url).catch(() => undefined)
    await response?.arrayBuffer()
    if (response?.ok) return
    await sleep(100)
  }
  throw new Error(`it does not answer: ${output().slice(-500)}`)
}

/** Keeps the end of what a process writes. */
export function collectOutput(child: ChildProcess): () => string {
  let output = ''
  const read = (chunk: Buffer) => {
    output = (output + chunk).slice(-20_000)
  }
  child.stdout?.on('data', read)
  child.stderr?.on('data', read)
  return () => output
}
