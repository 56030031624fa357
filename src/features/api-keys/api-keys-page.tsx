import type { Child } from 'hono/jsx'
import type { AppError } from '../../platform/errors.ts'
import { toAddress } from '../../platform/ui/address.ts'
import { CardTable } from '../../platform/ui/card-table.tsx'
import { ExactDate } from '../../platform/ui/exact-date.tsx'
import { Notice } from '../../platform/ui/message-page.tsx'
import { type Frame, PageLayout } from '../../platform/ui/page-layout.tsx'
import { RelativeTime } from '../../platform/ui/relative-time.tsx'
import { placeQuery, type SeekPlace } from '../../platform/ui/seek-pages.tsx'
import type { ApiKey } from './api-key.ts'
import type { ApiKeyList } from './list-api-keys.ts'
import { OtherKeys } from './other-keys.tsx'
import { RevokedKeys } from './revoked-keys.tsx'
import { accessSummary, scopeNames } from './scopes.ts'

const counts = new Intl.NumberFormat('en')

interface ApiKeysPageProps {
  frame: Frame
  active: ApiKeyList
  revoked: ApiKeyList
  /** Which pages of either kind of keys are shown. */
  place: SeekPlace
  revokedPlace: SeekPlace
  /** The revoked keys are leafed through. */
  revokedOpen: boolean
  /** There is no room for another active key. */
  full?: AppError | undefined
  /** The plan has no API access: keys are asleep, and none can be made. */
  asleep: boolean
  isOwner: boolean
  now: Date
  notice?: { kind: 'good' | 'warn'; text: string } | undefined
  dialog?: Child
}

/** The API keys of an organisation. */
export function ApiKeysPage(props: ApiKeysPageProps) {
  const { frame, active, revoked, place, revokedPlace, revokedOpen, full, asleep, isOwner, now, notice, dialog } = props
  const base = `/o/${frame.organisation?.slug}/api-keys`
  return (
    <PageLayout title="API keys" frame={frame} current="api-keys" dialog={dialog}>
      <div class="page-head">
        <div>
          <h1>API keys</h1>
          <p>
            Bearer tokens with which your own backend calls the customer API. What each permission allows:{' '}
            <a href="/docs/authentication#scopes">Authentication → Scopes</a>.
          </p>
        </div>
        {asleep ? null : (
          <a class="button" id="create-key" href={`${base}/new`}>
            Create key
          </a>
        )}
      </div>
      {notice ? <Notice kind={notice.kind}>{notice.text}</Notice> : null}
      {asleep ? (
        <Asleep count={active.total} isOwner={isOwner} planHref={`/o/${frame.organisation?.slug}/plan`} />
      ) : null}
      {full && !asleep ? <Notice kind="warn">{full.message}</Notice> : null}
      {active.total > 0 ? (
        <>
          <ActiveKeys keys={active.items} asleep={asleep} base={base} place={place} now={now} />
          <OtherKeys list={active} noun={asleep ? 'sleeping keys' : 'active keys'} base={base} place={place} />
        </>
      ) : asleep ? null : (
        <NoKeys base={base} />
      )}
      {revoked.total > 0 ? (
        <RevokedKeys list={revoked} base={base} place={revokedPlace} open={revokedOpen} now={now} />
      ) : null}
    </PageLayout>
  )
}

function ActiveKeys(props: { keys: ApiKey[]; asleep: boolean; base: string; place: SeekPlace; now: Date }) {
  const { keys, asleep, base, place, now } = props
  return (
    <CardTable
      caption={asleep ? 'Sleeping keys' : 'Active keys'}
      columns={['Name', 'Access', 'Key', 'Last used', 'Created', { label: 'Actions', hidden: true }]}
      dimmed={asleep}
    >
      {keys.map((key) => (
        <tr>
          <td class="name" data-label="Name">
            <bdi>{key.name}</bdi>
          </td>
          <td data-label="Access">
            <span class="badges">
              <Access scopes={key.scopes} />
              {asleep ? <span class="badge warn">Asleep</span> : null}
            </span>
          </td>
          <td data-label="Key">
            <code>{key.prefix}</code>
          </td>
          <td data-label="Last used">
            {key.last_used_at ? <RelativeTime at={key.last_used_at} now={now} /> : <span class="quiet">Never</span>}
          </td>
          <td data-label="Created">
            <span>
              <ExactDate at={key.created_at} />{' '}
              <span class="quiet">
                by <bdi>{key.created_by_name}</bdi>
              </span>
            </span>
          </td>
          <td class="actions right">
            <a
              class="button danger-quiet small"
              id={`revoke-${key.id}`}
              href={toAddress(`${base}/${key.id}/revoke`, placeQuery(place))}
            >
              Revoke<span class="visually-hidden"> {key.name}</span>
            </a>
          </td>
        </tr>
      ))}
    </CardTable>
  )
}

/** What a key may do, in words; exactly, on hover and for screen readers. */
function Access({ scopes }: { scopes: string[] }) {
  return (
    <span class={scopes.length === scopeNames.length ? 'badge accent' : 'badge'} title={scopes.join(' ')}>
      {accessSummary(scopes)}
      <span class="visually-hidden"> ({scopes.join(', ')})</span>
    </span>
  )
}

function NoKeys({ base }: { base: string }) {
  return (
    <div class="empty">
      <h2>No keys yet</h2>
      <p>
        With a key your backend signs people up as they register, and analytics pulls the list. Name one after the
        service that will use it, such as crm-sync.
      </p>
      <a class="button plain" href={`${base}/new`}>
        Create your first key
      </a>
    </div>
  )
}

function Asleep({ count, isOwner, planHref }: { count: number; isOwner: boolean; planHref: string }) {
  const keys =
    count === 1 ? 'Your key is asleep and answers' : `Your ${counts.format(count)} keys are asleep and answer`
  const wake = count === 1 ? 'It wakes as soon as the plan is back.' : 'They wake as soon as the plan is back.'
  return (
    <div class="banner warn">
      <p>
        <strong>API access is part of Pro and Team.</strong>{' '}
        {count > 0 ? (
          <>
            {keys} <code class="whole">403 feature_not_allowed</code>. {wake}
          </>
        ) : (
          'With it, your own backend reads and creates subscribers through keys that you mint here, each with just the permissions it needs.'
        )}
      </p>
      <p>
        {isOwner ? <a href={planHref}>Go to the Plan page</a> : 'The owner of this organisation can change the plan.'}
      </p>
    </div>
  )
}
