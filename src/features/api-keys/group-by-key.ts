import type { PresentedKey } from './key-gate.ts'

interface KeyOfGroup {
  key: PresentedKey
  /** The one request of this key, if any, whose question may ask for spare tokens and give others back. */
  asking: PresentedKey | undefined
  /** How many of its requests ask the database for a token. */
  asked: number
}

/**
 * The keys of requests that go together, each once, in the order of their hashes, in which the database locks their buckets;
 * and for each request the place of its key among them.
 */
export function groupByKey(presented: readonly PresentedKey[]): { keys: KeyOfGroup[]; places: number[] } {
  const found = new Map<string, KeyOfGroup>()
  for (const key of presented) {
    const known = found.get(key.subject) ?? { key, asking: undefined, asked: 0 }
    found.set(key.subject, known)
    if (key.question?.mayAskForSpare) known.asking ??= key
    if (key.question) known.asked += 1
  }
  const keys = [...found.values()]
  if (keys.length === 1) return { keys, places: presented.map(() => 0) }
  const hashOf = ({ key }: KeyOfGroup) => key.hashes[0] ?? Buffer.alloc(0)
  keys.sort((a, b) => Buffer.compare(hashOf(a), hashOf(b)))
  const places = new Map(keys.map(({ key }, i) => [key.subject, i]))
  return { keys, places: presented.map(({ subject }) => places.get(subject) ?? 0) }
}
