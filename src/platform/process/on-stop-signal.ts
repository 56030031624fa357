import type { Logger } from 'pino'

/** Resolves when the process is told to stop. Told a second time, it ends at once. */
export function onStopSignal(log: Logger): Promise<void> {
  return new Promise((resolve) => {
    let told = false
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.on(signal, () => {
        if (told) process.exit(1)
        told = true
        log.info({ signal }, 'stopping: requests in flight may finish')
        resolve()
      })
    }
  })
}
