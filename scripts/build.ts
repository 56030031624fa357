import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { build } from 'esbuild'

/** Bundles the server into dist/, and bundles what browsers load into dist/assets/ under names that tell their content. */
const root = new URL('..', import.meta.url).pathname
const dist = join(root, 'dist')
const assets = join(dist, 'assets')
mkdirSync(assets, { recursive: true })

const bundled = await build({
  entryPoints: [join(root, 'src/platform/ui/browser/app.ts'), join(root, 'src/platform/ui/styles.css')],
  bundle: true,
  minify: true,
  format: 'esm',
  target: ['chrome123', 'firefox120', 'safari17.5'],
  outdir: assets,
  write: false,
})
const files = [
  ...bundled.outputFiles.map((file) => ({
    name: file.path.endsWith('.css') ? 'app.css' : 'app.js',
    bytes: file.contents,
  })),
  { name: 'favicon.svg', bytes: readFileSync(join(root, 'src/platform/ui/favicon.svg')) },
  // On the home page; `scripts/take-pictures.ts` takes them.
  { name: 'product.png', bytes: readFileSync(join(root, 'docs/images/waitlists.png')) },
  { name: 'product-dark.png', bytes: readFileSync(join(root, 'docs/images/waitlists-dark.png')) },
]
const manifest: Record<string, string> = {}
for (const { name, bytes } of files) {
  const hash = createHash('sha256').update(bytes).digest('hex').slice(0, 12)
  const hashed = name.replace('.', `-${hash}.`)
  manifest[name] = hashed
  write(join(assets, hashed), bytes)
  // A PNG is packed already.
  if (name.endsWith('.png')) continue
  write(join(assets, `${hashed}.gz`), gzipSync(bytes, { level: 9 }))
  write(join(assets, `${hashed}.br`), brotliCompressSync(bytes))
}
// Last, and whole: a server that starts meanwhile sees the old set or the new one.
write(join(assets, 'manifest.json'), Buffer.from(JSON.stringify(manifest)))

if (!process.argv.includes('--assets-only')) await buildServer()

/** The server and the command line, each with all it imports in a few files: Node loads ten files faster than 1,300. */
async function buildServer(): Promise<void> {
  const { outputFiles } = await build({
    entryPoints: [join(root, 'src/main.ts'), join(root, 'src/cli.ts')],
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node22',
    jsx: 'automatic',
    jsxImportSource: 'hono/jsx',
    sourcemap: true,
    outdir: dist,
    write: false,
    // pg is what tests watch; pino finds its own files by where it lies.
    external: ['pg', 'pino'],
    banner: {
      js: "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);",
    },
  })
  // Parts carry their content in their names. Those that name them come last, so that a start meanwhile finds all it needs.
  const isEntry = (path: string) => /\/(?:main|cli)\.js$/.test(path)
  for (const { path, contents } of outputFiles.toSorted((a, b) => Number(isEntry(a.path)) - Number(isEntry(b.path))))
    write(path, contents)
  const made = new Set([...outputFiles.map(({ path }) => basename(path)), 'assets'])
  for (const name of readdirSync(dist))
    if (!made.has(name) && !name.startsWith('.')) rmSync(join(dist, name), { recursive: true, force: true })
}

function write(path: string, bytes: Uint8Array): void {
  const half = join(dirname(path), `.${basename(path)}.${process.pid}`)
  writeFileSync(half, bytes)
  renameSync(half, path)
}
