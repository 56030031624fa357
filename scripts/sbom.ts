import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

interface Listed {
  components: { 'bom-ref': string }[]
  dependencies: { ref: string; dependsOn?: string[] }[]
}

interface Lock {
  packages: Record<string, { version?: string; dev?: boolean; devOptional?: boolean }>
}

/** All that is installed where the product runs, as CycloneDX, by the lockfile alone: npm's own `--omit dev` leaves some of it out. */
const root = fileURLToPath(new URL('..', import.meta.url))
const lock = JSON.parse(readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8')) as Lock
const running = new Set(
  Object.entries(lock.packages)
    .filter(([path, { dev, devOptional }]) => path !== '' && !dev && !devOptional)
    .map(([path, { version }]) => `${path.replace(/^.*node_modules\//, '')}@${version}`),
)
const everything = ['sbom', '--sbom-format', 'cyclonedx', '--package-lock-only']
const all = JSON.parse(execFileSync('npm', everything, { cwd: root, maxBuffer: 2 ** 26 }).toString()) as Listed
const components = all.components.filter((one) => running.has(one['bom-ref']))
const listed = new Set(components.map((one) => one['bom-ref']))
const product = all.dependencies.find(({ ref }) => !all.components.some((one) => one['bom-ref'] === ref))
const dependencies = all.dependencies
  .filter((one) => one === product || listed.has(one.ref))
  .map(({ ref, dependsOn = [] }) => ({ ref, dependsOn: dependsOn.filter((one) => listed.has(one)) }))
process.stdout.write(`${JSON.stringify({ ...all, components, dependencies }, null, 2)}\n`)
