/** Every action the log knows, with the words the page says it in. */
export const activityActions = {
  'organisation.created': 'created the organisation',
  'organisation.updated': 'changed the organisation',
  'organisation.deleted': 'deleted the organisation',
  'organisation.restored': 'brought the organisation back',
  'organisation.exported': 'exported the organisation',
  'plan.changed': 'changed the plan',
  'member.invited': 'invited a member',
  'member.invitation_withdrawn': 'withdrew an invitation',
  'member.joined': 'joined the organisation',
  'member.role_changed': 'changed a role',
  'member.removed': 'removed a member',
  'waitlist.created': 'created a waitlist',
  'waitlist.updated': 'changed a waitlist',
  'waitlist.archived': 'archived a waitlist',
  'waitlist.restored': 'restored a waitlist',
  'subscriber.joined': 'added a subscriber',
  'subscriber.confirmed': 'confirmed a subscriber',
  'subscriber.removed': 'removed a subscriber',
  'subscriber.imported': 'imported subscribers',
  'subscriber.exported': 'exported subscribers',
  'api_key.created': 'created an API key',
  'api_key.revoked': 'revoked an API key',
  'api_key.used_after_revoke': 'was used after it was revoked',
  'activity.exported': 'exported the activity log',
} as const

export type ActivityAction = keyof typeof activityActions

export function isActivityAction(text: string): text is ActivityAction {
  return Object.hasOwn(activityActions, text)
}

/** What an activity was about. `name` is a snapshot; a subscriber never has one, so that the log holds no e-mail address. */
export interface ActivityTarget {
  type: 'organisation' | 'member' | 'invitation' | 'waitlist' | 'subscriber' | 'api_key' | 'activity'
  id: string
  name?: string
}

export interface ActivityChanges {
  before?: Record<string, unknown>
  after?: Record<string, unknown>
}

export const actorTypes = ['user', 'api_key', 'subscriber', 'system'] as const

export interface ActivityActor {
  type: (typeof actorTypes)[number]
  id: string | null
  name: string
}

/** One row of the log, as stored: the actor's name is what it was at the time. */
export interface Activity {
  number: number
  id: string
  occurred_at: Date
  action: ActivityAction
  actor: ActivityActor
  targets: ActivityTarget[]
  changes: ActivityChanges | null
  request_id: string | null
  ip: string | null
  user_agent: string | null
}

export function toActivityJson(activity: Activity) {
  const { id, occurred_at, action, actor, targets, changes } = activity
  return { id, occurred_at: occurred_at.toISOString(), action, actor, targets, changes }
}
