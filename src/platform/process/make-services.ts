import { GrowthWatch } from '../db/growth-watch.ts'
import type { Services } from '../services.ts'
import { makeSearchQueue } from './search-queue.ts'

const closeMs = 5_000

/** The services of a process, and the way to close them: what registered last closes first, the database last of all. */
export function makeServices(parts: Omit<Services, 'growth' | 'searches' | 'now' | 'onClose'>): {
  services: Services
  close: () => Promise<void>
} {
  const growth = new GrowthWatch(parts.db, parts.log)
  const hooks: (() => Promise<void>)[] = [() => growth.close()]
  const services: Services = {
    ...parts,
    growth,
    searches: makeSearchQueue(),
    now: () => new Date(),
    onClose: (hook) => void hooks.push(hook),
  }
  return {
    services,
    async close() {
      for (const hook of hooks.splice(0).reverse()) {
        await hook().catch((error: unknown) => parts.log.error({ err: error }, 'a service did not close cleanly'))
      }
      // A query that hangs is cut off by the database's own end.
      const late = new Promise<void>((resolve) => setTimeout(resolve, closeMs).unref())
      await Promise.race([parts.db.close(), late])
    },
  }
}
