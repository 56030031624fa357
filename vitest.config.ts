import { defineConfig } from 'vitest/config'
import { LongestFirst } from './test/longest-first.ts'

export default defineConfig({
  oxc: { jsx: { runtime: 'automatic', importSource: 'hono/jsx' } },
  test: {
    include: ['src/**/*.test.{ts,tsx}', 'test/**/*.test.ts'],
    globalSetup: ['test/global-setup.ts'],
    setupFiles: ['test/watch-test-file.ts', 'test/quick-passwords.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // More than two cores' worth: much of it waits for a process, a browser or a database.
    maxWorkers: 3,
    // Files that run in one worker share what it has loaded, which takes longer than most of them.
    isolate: false,
    sequence: { sequencer: LongestFirst },
  },
})
