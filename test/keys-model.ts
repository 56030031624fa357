import type { Scope } from '../src/features/api-keys/scopes.ts'

export type Person = 'owner' | 'admin'

/** What can happen around keys; `key` and `waitlist` are numbers of those that there are. */
export type Action =
  | { do: 'create key'; by: Person; scopes: Scope[] }
  | { do: 'use'; key: number; to: 'list' | 'create' | 'ask'; waitlist: number; email: string }
  | { do: 'revoke'; by: Person; key: number }
  | { do: 'switch plan'; plan: 'free' | 'pro' | 'team' }
  | { do: 'archive' | 'restore'; by: Person; waitlist: number }
  | { do: 'remove the admin' | 'bring the admin back' | 'restart' | 'rotate' | 'end rotation' }

interface ModelKey {
  scopes: Scope[]
  revoked: boolean
  /** Its use since is in the log. */
  noticed: boolean
  /** The SECRET_KEY that its hash is stored under, as a number. */
  secret: number
}

/** An organisation and the process that serves it, as small as they can be thought. */
export interface Model {
  plan: 'free' | 'pro' | 'team'
  keys: ModelKey[]
  waitlists: { archived: boolean; emails: string[] }[]
  hasAdmin: boolean
  /** The SECRET_KEY of now, and those that are still good. */
  secret: number
  known: number[]
  /** The SECRET_KEY that each person's session was last renewed under. */
  sessions: Record<Person, number>
  /** How many rows the log has. */
  rows: number
}

export interface Prediction {
  /** A status, with the code of a problem; 'sign-in' where a session has ended. */
  answer: string
  after: Model
  /** What a key is told. */
  body?: Record<string, unknown>
}

/** What an action answers, and how it leaves everything. */
export function predict(before: Model, action: Action): Prediction {
  const after = structuredClone(before)
  const answered = (answer: string, isChange = false): Prediction => {
    if (isChange) after.rows += 1
    return { answer, after }
  }
  switch (action.do) {
    case 'use':
      return predictUse(after, action)
    case 'restart':
      return answered('done')
    case 'rotate':
      after.known = [before.secret + 1, before.secret]
      after.secret += 1
      return answered('done')
    case 'end rotation':
      after.known = [before.secret]
      return answered('done')
    case 'bring the admin back':
      after.hasAdmin = true
      return answered('done')
  }

  const by = 'by' in action ? action.by : 'owner'
  const isSignedIn = before.known.includes(before.sessions[by])
  // Renewed, or signed in anew.
  after.sessions[by] = before.secret
  if (!isSignedIn) return answered('sign-in')
  if (by === 'admin' && !before.hasAdmin) return answered('404')

  switch (action.do) {
    case 'create key':
      if (before.plan === 'free') return answered('403')
      after.keys.push({ scopes: action.scopes, revoked: false, noticed: false, secret: before.secret })
      return answered('201', true)
    case 'revoke': {
      const key = after.keys[action.key]
      const isChange = key?.revoked === false
      if (key) key.revoked = true
      return answered('303', isChange)
    }
    case 'switch plan':
      after.plan = action.plan
      return answered('303', action.plan !== before.plan)
    case 'archive':
    case 'restore': {
      const archived = action.do === 'archive'
      const waitlist = after.waitlists[action.waitlist]
      if (!waitlist || waitlist.archived === archived) return answered('303')
      const open = before.waitlists.filter((one) => !one.archived).length
      if (!archived && before.plan === 'free' && open > 0) return answered('422')
      waitlist.archived = archived
      return answered('303', true)
    }
    case 'remove the admin':
      after.hasAdmin = false
      return answered('303', before.hasAdmin)
  }
}

/** A key belongs to its organisation: who made it, and whether they are still there, plays no part. */
function predictUse(after: Model, { key, to, waitlist, email }: Action & { do: 'use' }): Prediction {
  const used = after.keys[key]
  const asked = after.waitlists[waitlist]
  if (!used || !asked || !after.known.includes(used.secret)) return { answer: '401 invalid_api_key', after }
  // Whatever becomes of it: also a key that is refused is stored under the current secret from now on.
  used.secret = after.secret
  if (used.revoked) {
    if (!used.noticed) after.rows += 1
    used.noticed = true
    return { answer: '401 invalid_api_key', after }
  }
  if (after.plan === 'free') return { answer: '403 feature_not_allowed', after }
  const scope = { list: 'subscribers:read', create: 'subscribers:write', ask: undefined }[to]
  if (scope && !used.scopes.includes(scope as Scope)) return { answer: '403 insufficient_scope', after }
  if (to === 'ask') return { answer: '200', after, body: { plan: after.plan, scopes: used.scopes } }
  if (asked.archived) return { answer: '404 not_found', after }
  if (to === 'list') {
    const people = asked.emails.map((email, i) => ({ email, position: i + 1 }))
    return { answer: '200', after, body: { total: people.length, items: people } }
  }
  const isNew = !asked.emails.includes(email)
  if (isNew) {
    asked.emails.push(email)
    after.rows += 1
  }
  return { answer: isNew ? '201' : '200', after, body: { email, position: asked.emails.indexOf(email) + 1 } }
}
