import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { build } from 'esbuild'

/** Compiles the server into dist/, and bundles what browsers load into dist/assets/ under names that tell their content. */
const root = new URL('..', import.meta.url).pathname
const assets = join(root, 'dist', 'assets')
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
  write(hashed, bytes)
  // A PNG is packed already.
  if (name.endsWith('.png')) continue
  write(`${hashed}.gz`, gzipSync(bytes, { level: 9 }))
  write(`${hashed}.br`, brotliCompressSync(bytes))
}
// Last, and whole: a server that starts meanwhile sees the old set or the new one.
write('manifest.json', Buffer.from(JSON.stringify(manifest)))

if (!process.argv.includes('--assets-only')) {
  execFileSync(
    process.execPath,
    [join(root, 'node_modules/typescript/bin/tsc'), '-p', join(root, 'tsconfig.build.json')],
    { stdio: 'inherit' },
  )
}

function write(name: string, bytes: Uint8Array): void {
  const half = join(assets, `.${name}.${process.pid}`)
  writeFileSync(half, bytes)
  renameSync(half, join(assets, name))
}
