import type { Client } from 'pg'

/** Another database on the same PostgreSQL, empty or a copy of one that nobody is connected to; answers its address. */
export async function makeDatabase(client: Client, url: string, name: string, template?: string): Promise<string> {
  await client.query(`create database ${name}${template === undefined ? '' : ` template ${template}`}`)
  const made = new URL(url)
  made.pathname = `/${name}`
  return made.href
}
