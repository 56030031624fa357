import { dayInWords } from '../../platform/day-in-words.ts'
import { type Frame, PageLayout } from '../../platform/ui/page-layout.tsx'

const exact = new Intl.DateTimeFormat('en-GB', { dateStyle: 'full', timeStyle: 'short', timeZone: 'UTC' })

interface DeletedOrganisationProps {
  frame: Frame
  name: string
  base: string
  deletedBy: string
  purgedAt: Date
  isOwner: boolean
  /** Until when a subscription is paid for, where there is one. */
  paidUntil: Date | undefined
}

/** All that is left of a deleted organisation's pages: until when it can be brought back, and the button that does it. */
export function DeletedOrganisationPage(props: DeletedOrganisationProps) {
  const { frame, name, base, deletedBy, purgedAt, isOwner, paidUntil } = props
  return (
    <PageLayout title="Deleted" frame={frame} narrow>
      <div class="stack">
        <h1>
          <bdi>{name}</bdi> is deleted
        </h1>
        <p>
          <bdi>{deletedBy}</bdi> deleted this organisation. Its API keys answer 401, and nobody can change anything in
          it.
        </p>
        <p>
          Until <time datetime={purgedAt.toISOString()}>{exact.format(purgedAt)} UTC</time>{' '}
          {isOwner ? 'you' : 'an owner'} can bring it back as it was. After that it is gone for good.
        </p>
        {isOwner && paidUntil ? (
          <p>
            No further payment is taken: the subscription ends on {dayInWords(paidUntil)}, unless you bring the
            organisation back before.
          </p>
        ) : null}
        {isOwner ? (
          <form method="post" action={`${base}/deleted/restore`}>
            <button type="submit" class="button">
              Bring it back
            </button>
          </form>
        ) : null}
      </div>
    </PageLayout>
  )
}
