import { availableParallelism } from 'node:os'
import type { Config } from '../config.ts'

/** As many as keep one machine's processors busy. Groups of writes are of one organisation each, and small where many go at once. */
const perProcessor = { reading: 2, writing: 1.5 }
const elsewhere = 8

/**
 * How many grouped calls of one kind a process sends at once. More than the processors can run would only make the groups
 * smaller, which cost more each; a database on a machine of its own has processors that nobody here knows of.
 */
export function callsAtOnce({ databaseUrl }: Pick<Config, 'databaseUrl'>, kind: keyof typeof perProcessor): number {
  if (databaseUrl !== undefined && !isHere(databaseUrl)) return elsewhere
  return Math.ceil(perProcessor[kind] * availableParallelism())
}

function isHere(databaseUrl: string): boolean {
  const { hostname } = URL.parse(databaseUrl) ?? { hostname: '' }
  return hostname.startsWith('%2F') || ['', 'localhost', '127.0.0.1', '[::1]'].includes(hostname)
}
