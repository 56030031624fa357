import type { HttpBindings } from '@hono/node-server'
import type { Context } from '../context.ts'
import type { RequestMeta } from '../request-meta.ts'
import type { SentForm } from '../sent-form.ts'
import type { Frame } from '../ui/page-layout.tsx'

/** A person who is signed in. */
export interface Person {
  id: string
  name: string
  email: string
  sessionId: string
  /** When they last proved who they are, by signing in or by their password. */
  confirmedAt: Date
}

/** What every handler of a page finds in its Hono context. */
export interface AppEnv {
  Bindings: HttpBindings
  Variables: {
    meta: RequestMeta
    person: Person | undefined
    /** The cookies that were sent; the session's as it is signed now. */
    cookies: string
    /** The form that came, once it is read. */
    form: SentForm | undefined
    /** The form is from before a sign-in: it is to be shown, not done. */
    isCarried: boolean | undefined
    frame: Frame
    /** Below `/o/{slug}` only. */
    ctx: Context
  }
}
