import { createApp } from './app.tsx'
import { readConfig } from './platform/config.ts'
import { failStart } from './platform/process/fail-start.ts'
import { runServer } from './platform/process/run-server.ts'
import { startWorker } from './worker.ts'

try {
  await runServer(readConfig(), { createApp, startWorker })
} catch (error) {
  failStart(error)
}
