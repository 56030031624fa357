/** Notes what nobody catches in this process, which would end a server; the test run has it as well, but only at its end. */
export function noteUncaught() {
  let noted: unknown[] = []
  const note = (error: unknown) => void noted.push(error)
  process.on('uncaughtException', note).on('unhandledRejection', note)
  return {
    /** What came since it was asked last. */
    take(): unknown[] {
      const taken = noted
      noted = []
      return taken
    },
    stop() {
      process.off('uncaughtException', note).off('unhandledRejection', note)
    },
  }
}
