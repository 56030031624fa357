import { readdirSync, readFileSync } from 'node:fs'
import { join, sep } from 'node:path'
import { type IssuedSecrets, mustNameNobody, withoutMailedTokens } from './issued-secrets.ts'

/** Whose whole content is a secret, for the product alone to read. */
const secretFiles = ['secret-key', join('pg', 'password')]
const databaseFiles = join('pg', 'data') + sep
/** As every new cluster has them. */
const templates = /^pg.data.base.[145]\D/
const postgresLog = join('pg', 'postgres.log')

/**
 * Searches every file of a data directory for what was handed out, and for the secrets that lie in it; PostgreSQL's own log for
 * people's addresses too. A mail holds the token that it brings, and no other. Answers how many files were read.
 * @throws Error that names the file.
 */
export function mustLeaveNoSecret(dataDir: string, issued: IssuedSecrets): number {
  const files = readdirSync(dataDir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(dataDir.length + 1))
    .filter((name) => !templates.test(name))
  for (const name of secretFiles.filter((name) => files.includes(name)))
    issued.add(readFileSync(join(dataDir, name), 'utf8').trim())
  const mails = files.filter((name) => name.endsWith('.eml'))
  issued.addMailed(mails.map((name) => ({ text: readFileSync(join(dataDir, name), 'utf8') })))
  const searched = files.filter((name) => !secretFiles.includes(name))
  for (const name of searched) {
    const bytes = readFileSync(join(dataDir, name))
    if (name.startsWith(databaseFiles)) issued.mustNotBeInDatabaseFile(bytes, name)
    else
      issued.mustNotBeKept(
        mails.includes(name) ? withoutMailedTokens(bytes.toString()) : bytes.toString('latin1'),
        name,
      )
    if (name === postgresLog) mustNameNobody(bytes.toString(), name)
  }
  return searched.length
}
