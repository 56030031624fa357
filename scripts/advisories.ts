import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Advisories, describeVulnerable, findVulnerable, type LockedPackages } from './find-vulnerable.ts'
import { isAuditReport, mergeAdvisories } from './merge-advisories.ts'
import { sourceAges } from './source-ages.ts'

/**
 * Takes what `npm audit` knows into the advisories that the tests hold the lockfile against.
 * Ends with 0 where nothing can be done, 1 where something locked is vulnerable, 2 where the registry does not answer.
 */
const root = fileURLToPath(new URL('..', import.meta.url))
const file = process.argv[2] ?? fileURLToPath(new URL('../test/advisories.json', import.meta.url))
const known = JSON.parse(readFileSync(file, 'utf8')) as Advisories
const lock = JSON.parse(readFileSync(`${root}package-lock.json`, 'utf8')) as { packages: LockedPackages }
const { stdout } = spawnSync('npm', ['audit', '--json'], { cwd: root, encoding: 'utf8', maxBuffer: 2 ** 26 })
const answer = readAnswer(stdout)
const today = new Date().toISOString().slice(0, 10)

if (isAuditReport(answer)) {
  const merged = mergeAdvisories(known, answer, today)
  const found = findVulnerable(lock.packages, merged)
  writeFileSync(file, `${JSON.stringify(merged, null, 2)}\n`)
  const added = merged.advisories.length - known.advisories.length
  say(`${merged.advisories.length} advisories, ${added} of them new.`)
  for (const one of found.filter(({ waiting }) => waiting)) say(`Waiting: ${describeVulnerable(one)}. ${one.waiting}`)
  const open = found.filter(({ waiting }) => !waiting)
  for (const one of open) say(`Vulnerable: ${describeVulnerable(one)}`)
  for (const line of sourceAges(merged, today)) say(line)
  process.exitCode = open.length > 0 ? 1 : 0
} else {
  say(
    `The registry answers no audit, so the ${known.advisories.length} advisories of ${known.confirmed} stay as they are. Run this again where "npm audit" is answered, and until then add to test/advisories.json what the projects announce.`,
  )
  for (const line of sourceAges(known, today)) say(line)
  process.exitCode = 2
}

function readAnswer(text: string): object {
  try {
    const answer: unknown = JSON.parse(text)
    return typeof answer === 'object' && answer !== null ? answer : {}
  } catch {
    return {}
  }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
