import type { ActivityActor } from './activity.ts'

/** Who acted. A key has a badge, since it may be named like a person; no user can be named System or Stripe (`parsePersonName`). */
export function ActorName({ actor: { name, type } }: { actor: ActivityActor }) {
  return (
    <>
      <bdi>{name}</bdi> {type === 'api_key' ? <span class="badge accent">API key</span> : null}
    </>
  )
}
