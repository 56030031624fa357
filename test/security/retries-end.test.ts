import { expect, test } from 'vitest'
import { asynchronousCycles, cyclesOfSource } from '../asynchronous-cycles.ts'

/** Functions that wait and may come back to themselves, with what ends them. */
const known: Record<string, string> = {
  'src/platform/db/server-lock.ts: keep → retake → keep':
    'when a connection ends, not on an answer; half a second apart, until the lock is released',
  'src/platform/process/fork-servers.ts: start → start':
    'when a process dies, not on an answer; half a second apart, until the server stops',
  'src/platform/rate-limit/bucket-mirror.ts: sync → #syncLater → sync':
    'a timer, one at a time: a tenth of a second apart and only while requests come, five seconds after a failure',
}

test('no function calls itself on an answer it has waited for, but for those whose end is written down here', () => {
  expect(cyclesOfSource().toSorted()).toEqual(Object.keys(known).toSorted())
})

test('a function that comes back to itself is found, in whatever way', () => {
  const text = [
    'async function again(n) { const a = await ask(n); if (a === "elsewhere") return again(n); return a }',
    'const loop = async () => { await ask(); await loop() }',
    'class Lists { async #list() { return this.#many() } #many(): Promise<void> { return later(() => this.#list()) } }',
    'export function walk(node) { for (const child of node.children) walk(child) }',
    'async function once() { return await ask(another.once()) }',
  ].join('\n')
  expect(asynchronousCycles('x.ts', text)).toEqual([
    'x.ts: again → again',
    'x.ts: loop → loop',
    'x.ts: #list → #many → #list',
  ])
})
