import pino, { type DestinationStream, type Logger } from 'pino'
import type { Config } from '../config.ts'
import { hideSecrets } from './hide-secrets.ts'
import { redact } from './redact.ts'

const outputs = { stdout: 1, stderr: 2 }

/**
 * JSON lines, one an event whatever is in it. Headers that hold credentials never come near the log; what slips in is cut out
 * by its name, by its form, and where it is a setting of ours by its value.
 */
export function makeLog(level: Config['logLevel'], to: keyof typeof outputs | DestinationStream = 'stdout'): Logger {
  return pino(
    {
      level,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { log: (held) => redact(held) as Record<string, unknown> },
      serializers: { err: (copied: unknown) => copied },
      hooks: { streamWrite: asWritten },
    },
    typeof to === 'string' ? pino.destination({ fd: outputs[to], sync: true }) : to,
  )
}

function asWritten(line: string): string {
  const hidden = JSON.stringify(JSON.parse(line, (_, held) => (typeof held === 'string' ? hideSecrets(held) : held)))
  // Beside those that JSON escapes: what steers a terminal, or ends a line for some who read it.
  const escaped = (one: string) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`
  return `${hidden.replace(/[\x7f-\x9f\u2028\u2029]/g, escaped)}\n`
}
