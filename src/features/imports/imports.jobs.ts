import type { Services } from '../../platform/services.ts'
import { type ImportJob, runImport } from './run-import.ts'

export async function doImport(services: Services, payload: unknown): Promise<void> {
  await runImport(services, payload as ImportJob)
}
