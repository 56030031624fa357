import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

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
  const root = fileURLToPath(new URL('..', import.meta.url))
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
