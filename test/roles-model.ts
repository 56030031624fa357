import type { Role } from '../src/platform/context.ts'

/** What people can do to an organisation, `by` and `whom` being numbers of persons. */
export type Action =
  | { do: 'invite'; by: number; whom: number; role: Role }
  | { do: 'accept'; by: number; whom: number }
  | { do: 'withdraw'; by: number; whom: number }
  | { do: 'change role'; by: number; whom: number; role: Role }
  | { do: 'remove'; by: number; whom: number }
  | { do: 'transfer'; by: number; whom: number }
  | { do: 'switch plan'; by: number; plan: Plan }
  | { do: 'create waitlist'; by: number }
  | { do: 'create key'; by: number }
  | { do: 'look'; by: number; at: 'waitlists' | 'members' | 'activity' | 'api-keys' | 'plan' | 'settings' }

type Plan = 'free' | 'pro' | 'team'

/** An organisation, as small as it can be thought. */
export interface Model {
  roles: Record<number, Role>
  /** The newest invitation of each person. */
  invitations: Record<number, { role: Role; state: 'open' | 'accepted' | 'withdrawn'; by: number }>
  plan: Plan
  waitlists: number
}

const limits = { free: { members: 1, waitlists: 1 }, pro: { members: 3, waitlists: 10 }, team: {} } as Record<
  Plan,
  { members?: number; waitlists?: number }
>

/** What an action answers, and what the organisation is afterwards: the same object where nothing changed. */
export function predict(model: Model, action: Action): { status: number; after: Model } {
  const refuse = (status: number) => ({ status, after: model })
  const done = (change: Partial<Model>, status = 303) => ({ status, after: { ...model, ...change } })
  const own = model.roles[action.by]
  const isAdmin = own === 'admin' || own === 'owner'

  if (action.do === 'accept') return accept(model, action)
  // To strangers there is no such organisation.
  if (own === undefined) return refuse(404)

  switch (action.do) {
    case 'look': {
      const lowest = { waitlists: 'member', plan: 'owner', settings: 'owner' }[action.at as string] ?? 'admin'
      return refuse(lowest === 'member' || own === 'owner' || (lowest === 'admin' && isAdmin) ? 200 : 403)
    }
    case 'switch plan':
      if (own !== 'owner') return refuse(403)
      return action.plan === model.plan ? refuse(303) : done({ plan: action.plan })
    case 'create waitlist':
      if (!isAdmin) return refuse(403)
      if (model.waitlists >= (limits[model.plan].waitlists ?? 99)) return refuse(422)
      return done({ waitlists: model.waitlists + 1 })
    case 'create key':
      if (!isAdmin || model.plan === 'free') return refuse(403)
      return done({}, 201)
    case 'invite':
      if (!isAdmin || (action.role === 'owner' && own !== 'owner')) return refuse(403)
      if (model.roles[action.whom] !== undefined || isFull(model)) return refuse(422)
      // Another invitation would end that of an owner.
      if (isOpenToOwner(model.invitations[action.whom]) && own !== 'owner') return refuse(403)
      return done({
        invitations: { ...model.invitations, [action.whom]: { role: action.role, state: 'open', by: action.by } },
      })
    case 'withdraw': {
      const invitation = model.invitations[action.whom]
      if (!isAdmin) return refuse(403)
      if (invitation?.state !== 'open') return refuse(303)
      if (invitation.role === 'owner' && own !== 'owner') return refuse(403)
      return done({ invitations: { ...model.invitations, [action.whom]: { ...invitation, state: 'withdrawn' } } })
    }
    case 'change role': {
      const before = model.roles[action.whom]
      if (!isAdmin) return refuse(403)
      if (before === undefined) return refuse(404)
      if (before === action.role) return refuse(303)
      if ((before === 'owner' || action.role === 'owner') && own !== 'owner') return refuse(403)
      if (before === 'owner' && owners(model) < 2) return refuse(403)
      return done({
        roles: { ...model.roles, [action.whom]: action.role },
        ...withdrawn(model, action.whom, action.role),
      })
    }
    case 'remove': {
      const before = model.roles[action.whom]
      if (action.whom !== action.by && !isAdmin) return refuse(403)
      if (before === undefined) return refuse(303)
      if (before === 'owner' && (own !== 'owner' || owners(model) < 2)) return refuse(403)
      const { [action.whom]: _, ...roles } = model.roles
      return done({ roles, ...withdrawn(model, action.whom, 'member') })
    }
    case 'transfer':
      if (own !== 'owner' || action.whom === action.by) return refuse(403)
      if (model.roles[action.whom] === undefined) return refuse(404)
      return done({
        roles: { ...model.roles, [action.whom]: 'owner', [action.by]: 'admin' },
        ...withdrawn(model, action.by, 'admin'),
      })
  }
}

function accept(model: Model, { by, whom }: { by: number; whom: number }): { status: number; after: Model } {
  const invitation = model.invitations[whom]
  const refuse = (status: number) => ({ status, after: model })
  if (invitation?.state === 'open') {
    if (by !== whom) return refuse(403)
    if (isFull(model)) return refuse(422)
    return {
      status: 303,
      after: {
        ...model,
        roles: { ...model.roles, [whom]: invitation.role },
        invitations: { ...model.invitations, [whom]: { ...invitation, state: 'accepted' } },
      },
    }
  }
  // Whoever has joined through it comes back to where they are a member already.
  return refuse(invitation?.state === 'accepted' && by === whom && model.roles[by] !== undefined ? 303 : 404)
}

/** What somebody invited above a plain member goes with the power to invite so. */
function withdrawn(model: Model, by: number, role: Role): Pick<Model, 'invitations'> {
  const gone = { owner: [] as Role[], admin: ['owner'], member: ['owner', 'admin'] }[role]
  const invitations = Object.entries(model.invitations).map(([whom, one]) => [
    whom,
    one.by === by && one.state === 'open' && gone.includes(one.role) ? { ...one, state: 'withdrawn' } : one,
  ])
  return { invitations: Object.fromEntries(invitations) }
}

function isOpenToOwner(invitation: Model['invitations'][number] | undefined): boolean {
  return invitation?.state === 'open' && invitation.role === 'owner'
}

function owners(model: Model): number {
  return Object.values(model.roles).filter((role) => role === 'owner').length
}

function isFull(model: Model): boolean {
  return Object.keys(model.roles).length >= (limits[model.plan].members ?? 99)
}
