import { CopyField } from '../../platform/ui/copy-field.tsx'
import { type AssetUrls, Document } from '../../platform/ui/document.tsx'
import type { SubscriberStatus } from './read-status.ts'

const numbers = new Intl.NumberFormat('en')

/** A person's own page: where they stand and what moves them ahead. It says nothing of who they are, and leads nowhere. */
export function StatusPage({ assets, status }: { assets: AssetUrls; status: SubscriberStatus }) {
  const { waitlist_name, archived, position, behind } = status
  return (
    <Document title={`Your place in line · ${waitlist_name}`} assets={assets} noIndex>
      <main id="content" class="narrow">
        <div class="stack">
          <div>
            <p class="quiet">
              <bdi>{waitlist_name}</bdi>
            </p>
            <h1>Your place in line</h1>
          </div>
          {archived ? <p class="banner warn">This waitlist is closed: nobody joins it any more.</p> : null}
          <section class="card place" aria-label="Place">
            {position === null ? (
              <p>Not in line yet: confirm your e-mail address first, by the link that was sent to you.</p>
            ) : (
              <>
                <p class="place-number">{numbers.format(position)}</p>
                <p class="quiet">{position === 1 ? 'You are next.' : `${peopleOf(position - 1)} before you.`}</p>
                <p class="quiet">{peopleOf(behind ?? 0)} behind you.</p>
              </>
            )}
          </section>
          {archived ? null : <MoveAhead status={status} />}
        </div>
      </main>
    </Document>
  )
}

function MoveAhead({ status }: { status: SubscriberStatus }) {
  return (
    <section class="card stack place-code">
      <h2>Move ahead</h2>
      <p>
        Whoever joins with your code moves you {status.skip_amount === 1 ? 'a place' : `${status.skip_amount} places`}{' '}
        ahead.
      </p>
      <CopyField id="referral-code" label="Your code" value={status.referral_code} />
      <p class="quiet">
        {status.referral_count === 0
          ? 'Nobody has joined with it yet.'
          : `${peopleOf(status.referral_count)} joined with it so far.`}
      </p>
    </section>
  )
}

function peopleOf(count: number): string {
  if (count === 0) return 'Nobody'
  return count === 1 ? 'One person' : `${numbers.format(count)} people`
}
