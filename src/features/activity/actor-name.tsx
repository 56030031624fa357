import type { ActivityActor } from './activity.ts'

/** Who acted. A key and the product itself bear a badge, so that nobody is one of them by the name they chose. */
export function ActorName({ actor: { name, type } }: { actor: ActivityActor }) {
  return (
    <>
      <bdi>{name}</bdi> {type === 'api_key' ? <span class="badge accent">API key</span> : null}
      {type === 'system' ? <span class="badge">Not a member</span> : null}
    </>
  )
}
