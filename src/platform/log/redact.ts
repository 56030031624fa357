import { hideSecrets } from './hide-secrets.ts'

const censor = '[redacted]'
const deepest = 10
const most = 200

const telling =
  /pass(?:word|wd|phrase)|secret|token|authori[sz]ation|cookie|credential|signature|api_?key|private_?key|recovery_?code|nonce/
/** Which one, since when, how many: nothing that opens anything. */
const harmless = /(?:_id|_version|_at|_count|_prefix)$/
/** Where PostgreSQL and what asks it repeat the values of rows and of parameters. */
const repeating = new Set(['parameters', 'bindings', 'values', 'detail', 'where', 'query', 'sql', 'internalQuery'])

/**
 * A copy for the log: errors with all they hold, whatever is named like a secret cut out, however deep it lies, and nothing
 * that has no end.
 */
export function redact(value: unknown, above: readonly unknown[] = []): unknown {
  if (typeof value === 'bigint') return String(value)
  if (typeof value === 'function' || typeof value === 'symbol') return undefined
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString()
  if (value instanceof URL || value instanceof URLSearchParams || value instanceof RegExp) return String(value)
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `[${value.byteLength} bytes]`
  if (above.includes(value)) return '[circular]'
  if (above.length >= deepest) return '[too deep]'
  const within = [...above, value]
  if (Array.isArray(value) || value instanceof Set) return redactList([...value].slice(0, most), within)
  const isError = value instanceof Error
  const entries = entriesOf(value).slice(0, most)
  return Object.fromEntries(
    entries.map(([name, held]) => [
      hideSecrets(name),
      isTelling(name) || (isError && repeating.has(name)) ? censor : redact(held, within),
    ]),
  )
}

/** Headers come as lists too: a name, then its value. */
function redactList(list: unknown[], within: unknown[]): unknown[] {
  return list.map((one, i) => {
    const before = list[i - 1]
    return typeof before === 'string' && isTelling(before) ? censor : redact(one, within)
  })
}

function isTelling(name: string): boolean {
  const words = name
    .replace(/[a-z](?=[A-Z])/g, '$&_')
    .replaceAll('-', '_')
    .toLowerCase()
  return telling.test(words) && !harmless.test(words)
}

function entriesOf(value: object): [string, unknown][] {
  if (value instanceof Map || value instanceof Headers)
    return [...value].map(([name, held]) => [String(redact(name) ?? ''), held])
  const own = Object.keys(value).map((name): [string, unknown] => [name, read(value, name)])
  if (!(value instanceof Error)) return own
  const { name, message, stack, cause } = value
  const type = value.constructor.name || name
  const inner = value instanceof AggregateError ? { cause, errors: value.errors } : { cause }
  return [...Object.entries({ type, message, stack, ...inner }).filter(([, held]) => held !== undefined), ...own]
}

function read(value: object, name: string): unknown {
  try {
    return Reflect.get(value, name)
  } catch {
    return '[unreadable]'
  }
}
