import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { nextMessage, type Scratch } from './scratch.ts'

const run = promisify(execFile)
const clients = 10

/** How many pages a second PostgreSQL alone makes. */
export interface Ceiling {
  name: string
  measure(seconds: number): Promise<number>
}

interface PlainPage {
  organisationId: string
  waitlistId: string
  from: number
  limit: number
}

/**
 * The page as plainly as SQL can say it: where it begins is known, and everybody's place is their number. The colons are
 * quoted since pgbench would take `:MI` for a variable.
 */
const page = (organisation: string, waitlist: string, from: string, limit: string) => `
select json_agg(item)::text from (
  select id::text as id, email, to_char(joined_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24":"MI":"SS"Z"') as joined_at,
         join_number as position, referral_code, referral_count
  from subscribers
  where organisation_id = ${organisation} and waitlist_id = ${waitlist} and join_number >= ${from}
  order by join_number limit ${limit}) item`

/** By pgbench where it is on the PATH, else by a stand-in, whose name says so. */
export async function openCeiling(scratch: Scratch, databaseUrl: string, at: PlainPage): Promise<Ceiling> {
  const version = await run('pgbench', ['--version']).catch(() => undefined)
  if (version) return pgbenchCeiling(scratch, databaseUrl, at, version.stdout.trim())
  const { child } = await scratch.startHelper('ceiling-worker.ts', {
    databaseUrl,
    clients,
    sql: page('$1', '$2', '$3', '$4'),
    values: [at.organisationId, at.waitlistId, at.from, at.limit],
  })
  return {
    name: 'PostgreSQL alone, by a loop over the driver (a stand-in: no pgbench here, and slower than it)',
    measure: (seconds) => {
      child.send({ seconds })
      return nextMessage<number>(child, 'ceiling-worker.ts')
    },
  }
}

function pgbenchCeiling(scratch: Scratch, databaseUrl: string, at: PlainPage, version: string): Ceiling {
  const script = join(scratch.makeFolder(), 'page.sql')
  writeFileSync(script, `${page(':org', ':list', ':first', ':size').replaceAll('\n', ' ')};\n`)
  const url = new URL(databaseUrl)
  const env = {
    ...process.env,
    PGHOST: decodeURIComponent(url.hostname),
    PGPORT: url.port || '5432',
    PGUSER: decodeURIComponent(url.username),
    PGPASSWORD: decodeURIComponent(url.password),
    PGDATABASE: url.pathname.slice(1),
    PGOPTIONS: '-c jit=off',
  }
  const variables = { org: at.organisationId, list: at.waitlistId, first: at.from, size: at.limit }
  const settings = Object.entries(variables).flatMap(([name, value]) => ['-D', `${name}=${value}`])
  return {
    name: `PostgreSQL alone, ${version.replace(/ \(Debian.*/, '')} -M prepared, ${clients} clients`,
    async measure(seconds) {
      const args = [
        '-n',
        '-M',
        'prepared',
        '-c',
        String(clients),
        '-j',
        '2',
        '-T',
        String(Math.ceil(seconds)),
        '-f',
        script,
      ]
      const { stdout } = await run('pgbench', [...args, ...settings], { env })
      const tps = /^tps = ([0-9.]+)/m.exec(stdout)?.[1]
      if (tps === undefined) throw new Error(`pgbench said: ${stdout}`)
      return Number(tps)
    },
  }
}
