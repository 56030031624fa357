import type { HttpBindings } from '@hono/node-server'
import type { Context } from '../context.ts'
import type { RequestMeta } from '../request-meta.ts'
import type { Frame } from '../ui/page-layout.tsx'

/** A person who is signed in. */
export interface Person {
  id: string
  name: string
  email: string
  sessionId: string
}

/** What every handler of a page finds in its Hono context. */
export interface AppEnv {
  Bindings: HttpBindings
  Variables: {
    meta: RequestMeta
    person: Person | undefined
    /** The cookies that were sent; the session's as it is signed now. */
    cookies: string
    frame: Frame
    /** Below `/o/{slug}` only. */
    ctx: Context
  }
}
