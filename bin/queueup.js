#!/usr/bin/env node
// Finds the Node.js that came with the installation, builds once if need be, and hands over. Old syntax on purpose: this is
// what an old Node.js must be able to run.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const brought = join(root, 'node_modules', '.bin', process.platform === 'win32' ? 'node.cmd' : 'node')
const node = existsSync(brought) ? brought : process.execPath
if (node === process.execPath) await import('./require-node.js')
const cli = join(root, 'dist', 'cli.js')

if (!existsSync(cli)) {
  const built = spawnSync(node, [join(root, 'scripts', 'build.ts')], { stdio: 'inherit' })
  if (built.status !== 0) process.exit(1)
}
const child = spawn(node, [cli].concat(process.argv.slice(2)), { stdio: 'inherit' })
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal))
child.on('exit', (code, signal) => process.exit(code === null ? 128 + (constants.signals[signal] || 0) : code))
