import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

interface LockedPackage {
  version?: string
  resolved?: string
  integrity?: string
  license?: string
  dev?: boolean
  devOptional?: boolean
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
