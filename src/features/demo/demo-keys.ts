import type { Actor, Context } from '../../platform/context.ts'
import { createApiKey } from '../api-keys/create-api-key.ts'
import { KeyReuseTracker } from '../api-keys/key-reuse-tracker.ts'
import { KeyUseTracker } from '../api-keys/key-use-tracker.ts'
import type { Scope } from '../api-keys/scopes.ts'
import type { Timeline } from './timeline.ts'

/** A key of the demo, as it acts. */
export interface DemoKey {
  id: string
  secret: string
  at: Date
  actor: Actor
}

/** A key that somebody creates at a time. */
export async function addDemoKey(
  timeline: Timeline,
  { at, by, name, scopes }: { at: Date; by: Actor; name: string; scopes: Scope[] },
): Promise<DemoKey> {
  const key = await timeline.at(at, (ctx) => createApiKey({ ...ctx, actor: by }, { name, scopes }))
  if (!key.created) throw new Error('a demo makes each key once')
  const { id, secret } = key
  return { id, secret, at, actor: { type: 'api_key', id, name, scopes } }
}

/** The last use of a key, as the servers note it behind a request. */
export async function useDemoKey(ctx: Context, key: DemoKey, at: Date): Promise<void> {
  await untilClosed((onClose) => {
    new KeyUseTracker({ ...ctx, now: () => at, onClose }).record(key.id, ctx.organisation.id, '203.0.113.24')
  })
}

/** Somebody still tries a key that is revoked. */
export async function tryRevokedDemoKey(timeline: Timeline, key: DemoKey, at: Date): Promise<void> {
  const meta = { requestId: 'req_demo', ip: '198.51.100.7', userAgent: 'python-requests/2.32' }
  await timeline.at(at, (ctx) =>
    untilClosed((onClose) => {
      new KeyReuseTracker({ ...ctx, onClose }).record(ctx.organisation.id, key.id, meta)
    }),
  )
}

/** What is written behind requests is written when its service closes. */
async function untilClosed(work: (onClose: (hook: () => Promise<void>) => void) => void): Promise<void> {
  const hooks: (() => Promise<void>)[] = []
  work((hook) => hooks.push(hook))
  for (const hook of hooks) await hook()
}
