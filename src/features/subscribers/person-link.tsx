import type { OtherSubscriber } from './get-subscriber.ts'

/** Somebody else on the same waitlist, with the way to their page. `base` is the waitlist's address. */
export function PersonLink({ person, base }: { person: OtherSubscriber; base: string }) {
  return (
    <a href={`${base}/subscribers/${person.id}`}>
      <bdi>{person.email}</bdi>
    </a>
  )
}
