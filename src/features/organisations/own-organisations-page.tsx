import type { SeekPage } from '../../platform/db/seek.ts'
import { toAddress } from '../../platform/ui/address.ts'
import { CardTable } from '../../platform/ui/card-table.tsx'
import { type Frame, PageLayout } from '../../platform/ui/page-layout.tsx'
import { placeQuery, SeekPages, type SeekPlace } from '../../platform/ui/seek-pages.tsx'
import type { KeptOrganisation } from './list-own-organisations.ts'

export const organisationsOnPage = 50

interface OwnOrganisationsPageProps {
  frame: Frame
  personId: string
  list: SeekPage<KeptOrganisation>
  needle: string
  place: SeekPlace
}

/** All organisations that somebody belongs to, for those who have many. */
export function OwnOrganisationsPage({ frame, personId, list, needle, place }: OwnOrganisationsPageProps) {
  const { items, before, after } = list
  return (
    <PageLayout title="Your organisations" frame={frame}>
      <div class="page-head">
        <div>
          <h1>Your organisations</h1>
          <p>Those you are a member of, joined last first.</p>
        </div>
        <a class="button" href="/organisations/new">
          New organisation
        </a>
      </div>
      <form method="get" action="/organisations" class="filters" role="search">
        <div class="field grow">
          <label for="q">Search by name</label>
          <input class="input" id="q" name="q" type="search" value={needle} maxlength={100} />
        </div>
        <button type="submit" class="button plain">
          Search
        </button>
        {needle ? <a href="/organisations">Show all</a> : null}
      </form>
      {items.length > 0 ? (
        <CardTable caption="Your organisations" columns={['Name', { label: 'Actions', hidden: true }]}>
          {items.map(({ slug, name, deleted_at }) => (
            <tr>
              <td class="name" data-label="Name">
                <span>
                  <a href={`/o/${slug}/waitlists`}>
                    <bdi>{name}</bdi>
                  </a>{' '}
                  {deleted_at ? <span class="badge bad">Deleted</span> : null}
                  <span class="under quiet small">/o/{slug}</span>
                </span>
              </td>
              <td class="actions right">
                {deleted_at ? null : (
                  <a class="button danger-quiet small" href={`/o/${slug}/members/${personId}/remove`}>
                    Leave<span class="visually-hidden"> {name}</span>
                  </a>
                )}
              </td>
            </tr>
          ))}
        </CardTable>
      ) : (
        <div class="empty">
          <h2>{needle ? 'Nothing found' : 'No organisation yet'}</h2>
          <p>
            {needle ? `No organisation of yours has “${needle}” in its name.` : 'Make one, or ask for an invitation.'}
          </p>
        </div>
      )}
      {before || after ? (
        <SeekPages
          href={(to) => toAddress('/organisations', { q: needle, ...placeQuery(to) })}
          {...{ page: place.page, limit: organisationsOnPage, shown: items.length, before, after }}
          noun={needle ? 'organisations found' : 'organisations'}
        />
      ) : null}
    </PageLayout>
  )
}
