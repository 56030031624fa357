import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { describe, expect, test } from 'vitest'

const root = new URL('..', import.meta.url).pathname

interface SourceFile {
  path: string
  text: string
  imports: string[]
}

const sources = readFolder('src').filter(
  (file) => !/\.test\.tsx?$/.test(file.path) && !file.path.includes('/ui/browser/'),
)
const roots = /^src\/(main|app|worker|cli|demo|reactions|job-handlers)\.tsx?$/
const adapters = /\.(api|dashboard|auth|cli|jobs)\.tsx?$/

function readFolder(folder: string): SourceFile[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map((entry) => {
      const path = relative(root, join(entry.parentPath, entry.name))
      const text = readFileSync(join(root, path), 'utf8')
      const imports = [
        ...text.matchAll(/^(?:import|export)[^'"]*?from '([^']+)'|^import '([^']+)'|import\('([^']+)'\)/gm),
      ].map((match) => {
        const target = match[1] ?? match[2] ?? match[3] ?? ''
        return target.startsWith('.') ? relative(root, join(root, dirname(path), target)) : target
      })
      return { path, text, imports }
    })
}

function featureOf(path: string): string | undefined {
  return /^src\/features\/([^/]+)\//.exec(path)?.[1]
}

/** Every import that breaks a rule, as "who → what". */
function offenders(
  isRuled: (file: SourceFile) => boolean,
  isForbidden: (imported: string, file: SourceFile) => boolean,
): string[] {
  return sources
    .filter(isRuled)
    .flatMap((file) =>
      file.imports.filter((imported) => isForbidden(imported, file)).map((imported) => `${file.path} → ${imported}`),
    )
}

describe('who may import whom', () => {
  test('platform knows no feature and no root', () => {
    expect(
      offenders(
        (file) => file.path.startsWith('src/platform/'),
        (imported) => imported.startsWith('src/') && !imported.startsWith('src/platform/'),
      ),
    ).toEqual([])
  })

  test('features know no root', () => {
    expect(
      offenders(
        (file) => featureOf(file.path) !== undefined,
        (imported) => roots.test(imported),
      ),
    ).toEqual([])
  })

  test('adapters import no other adapter', () => {
    const shared = /^src\/features\/organisations\/organisations\.cli\.ts$/
    expect(
      offenders(
        (file) => adapters.test(file.path),
        (imported) => adapters.test(imported) && !shared.test(imported),
      ),
    ).toEqual([])
  })

  test('adapters reach the database through verbs alone', () => {
    expect(
      offenders(
        (file) => adapters.test(file.path) && !file.path.endsWith('.jobs.ts'),
        (imported) => imported === 'kysely' || imported === 'pg',
      ),
    ).toEqual([])
  })

  test('adapters open no transaction', () => {
    expect(
      sources
        .filter((file) => adapters.test(file.path) && /\.transaction\(|\bin(Transaction|Snapshot)\(/.test(file.text))
        .map((file) => file.path),
    ).toEqual([])
  })

  test('verbs and nouns know no adapter, no HTTP and no pages', () => {
    const isVerb = (file: SourceFile) =>
      featureOf(file.path) !== undefined && file.path.endsWith('.ts') && !adapters.test(file.path)
    expect(
      offenders(
        isVerb,
        (imported) =>
          adapters.test(imported) ||
          imported.startsWith('src/platform/http/') ||
          imported.startsWith('src/platform/ui/') ||
          imported.startsWith('hono'),
      ),
    ).toEqual([])
  })

  test('the log and the rules of plans import the platform and themselves alone', () => {
    const isLow = (file: SourceFile) =>
      /^src\/features\/(activity\/(activity|record-activity|list-activities)|plans\/(plan-rules|require-api-access))\.ts$/.test(
        file.path,
      )
    expect(
      offenders(
        isLow,
        (imported, file) => imported.startsWith('src/features/') && featureOf(imported) !== featureOf(file.path),
      ),
    ).toEqual([])
  })

  test('there is no cycle', () => {
    const graph = new Map(
      sources.map((file) => [file.path, file.imports.filter((imported) => imported.startsWith('src/'))]),
    )
    const done = new Set<string>()
    const cycles: string[] = []
    const visit = (path: string, trail: string[]) => {
      if (trail.includes(path)) cycles.push([...trail.slice(trail.indexOf(path)), path].join(' → '))
      if (done.has(path) || trail.includes(path)) return
      for (const next of graph.get(path) ?? []) visit(next, [...trail, path])
      done.add(path)
    }
    for (const path of graph.keys()) visit(path, [])
    expect(cycles).toEqual([])
  })
})

describe('one place for each thing', () => {
  const only = (pattern: RegExp, allowed: RegExp) =>
    sources.filter((file) => pattern.test(file.text) && !allowed.test(file.path)).map((file) => file.path)

  test('the environment is read in config.ts', () => {
    expect(only(/process\.env/, /^src\/platform\/config\.ts$/)).toEqual([])
  })

  test('pg is imported in platform/db', () => {
    expect(
      offenders(
        (file) => !file.path.startsWith('src/platform/db/'),
        (imported) => imported === 'pg',
      ),
    ).toEqual([])
  })

  test('nothing is fetched outside platform/net', () => {
    expect(only(/(?<![.\w])fetch\(/, /^src\/platform\/net\//)).toEqual([])
  })

  test('the clock is read through services.now', () => {
    expect(
      only(/\bDate\.now\(|new Date\(\)/, /^src\/platform\/(process\/make-services|mail\/make-mailer)\.ts$/),
    ).toEqual([])
  })
})

describe('files', () => {
  const everything = [
    ...sources,
    ...readFolder('test'),
    ...readFolder('src').filter((file) => /\.test\./.test(file.path)),
  ]

  test('have 250 lines at most', () => {
    expect(
      everything
        .filter((file) => file.text.split('\n').length > 251)
        .map((file) => `${file.path} (${file.text.split('\n').length})`),
    ).toEqual([])
  })

  test('are named for what they hold, in kebab-case', () => {
    const vague = /(^|\/)(utils?|helpers?|common|misc|manager|base|index)(\.|\/)/
    expect(sources.map((file) => file.path).filter((path) => vague.test(path) || !/^[a-z0-9./-]+$/.test(path))).toEqual(
      [],
    )
  })

  test('leave nothing to be done that no issue names', () => {
    expect(
      everything
        .filter((file) => /\b(TODO|FIXME|XXX)\b/.test(file.text) && !file.path.endsWith('architecture.test.ts'))
        .map((file) => file.path),
    ).toEqual([])
  })

  test('stand on the map of the README, feature by feature', () => {
    const map = readFileSync(join(root, 'README.md'), 'utf8')
    const features = [...new Set(sources.flatMap((file) => featureOf(file.path) ?? []))]
    expect(features.filter((feature) => !map.includes(`    ${feature}/`))).toEqual([])
  })
})
