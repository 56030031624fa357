const sameMs = 1_000
const numbers = { SIGINT: 2, SIGPIPE: 13, SIGTERM: 15 } as const

export type StopSignal = keyof typeof numbers

/**
 * Calls `stop` when the process is told to. Told a second time, it ends at once; but Ctrl-C comes twice by itself, from the
 * terminal and from npm, so what follows within a second is the same word. A forked process leaves the second to the first.
 * Answers the way to listen no more.
 */
export function onStopSignal(stop: (signal: StopSignal) => void, forked = false): () => void {
  let toldAtMs: number | undefined
  const listen = (signal: StopSignal) => {
    if (toldAtMs === undefined) {
      toldAtMs = performance.now()
      stop(signal)
    } else if (!forked && performance.now() - toldAtMs > sameMs) endBySignal(signal)
  }
  process.on('SIGTERM', listen).on('SIGINT', listen)
  return () => void process.off('SIGTERM', listen).off('SIGINT', listen)
}

/** Ends the process at once, with the exit code that shells give a program which a signal ended. */
export function endBySignal(signal: StopSignal): never {
  // exit() would wait for a read that waits itself, for a terminal or a pipe that stays open; the signal waits for nothing.
  if (process.getActiveResourcesInfo().includes('FSReqCallback')) {
    process.removeAllListeners(signal)
    process.kill(process.pid, signal)
  }
  process.exit(128 + numbers[signal])
}
