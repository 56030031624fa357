import type { PostgresPool, PostgresPoolClient } from 'kysely'
import type pg from 'pg'
import { isLostConnection } from './connection-failure.ts'

/**
 * A pool that does not keep a connection after it failed as lost: one that still waits for its server's word, or that leads to
 * a standby, would fail whoever gets it next.
 */
export function dropLost(pool: pg.Pool): PostgresPool {
  return {
    options: pool.options,
    async connect() {
      const client = await pool.connect()
      let lost: unknown
      return {
        // What follows it in a transaction, the rollback too, waits for nothing either.
        query: (async (text: string, values: readonly unknown[]) => {
          if (lost) throw lost
          try {
            return await client.query(text, [...values])
          } catch (error) {
            if (isLostConnection(error)) lost = error
            throw error
          }
        }) as unknown as PostgresPoolClient['query'],
        release: (destroy?: boolean) => client.release(destroy === true || lost !== undefined),
      }
    },
    end: () => pool.end(),
  }
}
