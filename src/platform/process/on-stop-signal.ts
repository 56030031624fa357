import type { Logger } from 'pino'

const sameMs = 1_000

/**
 * Resolves when the process is told to stop. Told a second time, it ends at once; but Ctrl-C comes twice by itself, from the
 * terminal and from npm, so what follows within a second is the same word. A forked process leaves the second to the first.
 */
export function onStopSignal(log: Logger, forked = false): Promise<void> {
  return new Promise((resolve) => {
    let toldAtMs: number | undefined
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.on(signal, () => {
        if (toldAtMs === undefined) {
          toldAtMs = performance.now()
          log.info({ signal }, 'stopping: requests in flight may finish')
          resolve()
        } else if (!forked && performance.now() - toldAtMs > sameMs) process.exit(1)
      })
    }
  })
}
