import type { Services } from '../../platform/services.ts'
import { blankInFiles } from './forget-in-files.ts'
import type { ImportJob } from './queue-import.ts'
import { runImport } from './run-import.ts'

export async function doImport(services: Services, payload: unknown): Promise<void> {
  await runImport(services, payload as ImportJob)
}

export async function doForget(services: Services, payload: unknown): Promise<void> {
  await blankInFiles(services, payload as Parameters<typeof blankInFiles>[1])
}
