import type { HttpBindings } from '@hono/node-server'

/** What every handler of the product finds in its Hono context. */
export interface AppEnv {
  Bindings: HttpBindings
  Variables: {
    requestId: string
  }
}
