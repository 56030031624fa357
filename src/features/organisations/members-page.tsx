import type { Child } from 'hono/jsx'
import { type Actor, hasRole, type Role } from '../../platform/context.ts'
import type { SeekPage } from '../../platform/db/seek.ts'
import type { AppError } from '../../platform/errors.ts'
import { newFormNonce } from '../../platform/form-nonce.ts'
import { toAddress } from '../../platform/ui/address.ts'
import { countInWords } from '../../platform/ui/count-in-words.ts'
import { Field } from '../../platform/ui/field.tsx'
import { FormOwner } from '../../platform/ui/form-owner.tsx'
import { Notice } from '../../platform/ui/message-page.tsx'
import { type Frame, PageLayout } from '../../platform/ui/page-layout.tsx'
import { placeQuery, SeekPages, type SeekPlace } from '../../platform/ui/seek-pages.tsx'
import { LimitNotice } from '../plans/limit-notice.tsx'
import type { Invitation } from './invitations.ts'
import { InvitationsTable } from './invitations-table.tsx'
import type { MemberPage } from './list-members.ts'
import { MembersTable } from './members-table.tsx'
import { roleLabels } from './role-labels.ts'

export const membersOnPage = 50
export const invitationsOnPage = 20

/** Which people a page shows, as its address says it. */
export interface MembersAddress {
  base: string
  needle: string
  place: SeekPlace
  invited: SeekPlace
}

/** The part of an address that says which people are shown. */
export function membersQuery({ needle, place, invited }: Omit<MembersAddress, 'base'>) {
  return { q: needle, ...placeQuery(place), ...placeQuery(invited, 'invited_') }
}

interface MembersPageProps {
  frame: Frame
  actor: Actor
  members: MemberPage
  invitations: SeekPage<Invitation>
  address: MembersAddress
  now: Date
  notice?: string | undefined
  /** Why nobody can be invited now. */
  noRoom: AppError | undefined
  dialog?: Child
  error?: AppError | undefined
  typed?: { email: string; role: string } | undefined
}

export function MembersPage(props: MembersPageProps) {
  const { frame, actor, members, invitations, address, now, notice, noRoom, error, typed, dialog } = props
  const { base } = address
  const isOwner = hasRole(actor, 'owner')
  const roles: Role[] = isOwner ? ['owner', 'admin', 'member'] : ['admin', 'member']
  return (
    <PageLayout title="Members" frame={frame} current="members" dialog={dialog}>
      <div class="page-head">
        <div>
          <h1>Members</h1>
          <p>Owners may do everything, admins all but plan and deletion. Members see waitlists and subscribers.</p>
        </div>
        {isOwner && members.total > 1 ? (
          <a class="button plain" id="transfer" href={`${base}/transfer`}>
            Transfer ownership
          </a>
        ) : null}
      </div>
      {notice ? <Notice>{notice}</Notice> : null}
      {error && error.errors.length === 0 && error.code !== 'limit_reached' ? (
        <Notice kind="bad">{error.message}</Notice>
      ) : null}
      <div class="stack-large">
        <InviteForm
          frame={frame}
          base={base}
          roles={roles}
          error={error}
          typed={typed}
          noRoom={noRoom}
          planHref={isOwner ? `/o/${frame.organisation?.slug}/plan` : undefined}
        />
        <section>
          {members.total > 10 || address.needle ? <Search address={address} /> : null}
          <People members={members} address={address} actor={actor} roles={roles} isOwner={isOwner} now={now} />
        </section>
        {invitations.items.length > 0 ? (
          <section class="stack">
            <h2>Invitations</h2>
            <InvitationsTable invitations={invitations.items} base={base} isOwner={isOwner} now={now} />
            {invitations.before || invitations.after ? (
              <SeekPages
                href={(invited) => toAddress(base, membersQuery({ ...address, invited }))}
                {...{ page: address.invited.page, limit: invitationsOnPage, shown: invitations.items.length }}
                {...{ before: invitations.before, after: invitations.after, noun: 'invitations' }}
                label="Pages of invitations"
              />
            ) : null}
          </section>
        ) : null}
      </div>
    </PageLayout>
  )
}

function People(
  props: Pick<MembersPageProps, 'members' | 'address' | 'actor' | 'now'> & { roles: Role[]; isOwner: boolean },
) {
  const { members, address, actor, roles, isOwner, now } = props
  const { items, before, after, total } = members
  const { base, needle, place } = address
  const shown = membersQuery(address)
  if (items.length === 0)
    return (
      <div class="empty">
        <h2>Nobody found</h2>
        <p>No member’s name or e-mail address contains “{needle}”.</p>
      </div>
    )
  return (
    <>
      <MembersTable members={items} {...{ actor, base, shown, roles, isOwner, now }} />
      {before || after ? (
        <SeekPages
          href={(place) => toAddress(base, membersQuery({ ...address, place }))}
          {...{ page: place.page, limit: membersOnPage, shown: items.length, before, after }}
          {...(needle ? {} : { total: countInWords(total) })}
          noun={needle ? 'members found' : 'members'}
          label="Pages of members"
        />
      ) : null}
    </>
  )
}

function Search({ address: { base, needle } }: { address: MembersAddress }) {
  return (
    <form method="get" action={base} class="filters" role="search">
      <div class="field grow">
        <label for="q">Search by name or e-mail</label>
        <input class="input" id="q" name="q" type="search" value={needle} maxlength={254} />
      </div>
      <button type="submit" class="button plain">
        Search
      </button>
      {needle ? <a href={base}>Show everybody</a> : null}
    </form>
  )
}

function InviteForm(
  props: Pick<MembersPageProps, 'frame' | 'error' | 'typed' | 'noRoom'> & {
    base: string
    roles: Role[]
    planHref: string | undefined
  },
) {
  const { frame, base, roles, error, typed, noRoom, planHref } = props
  return (
    <form method="post" action={`${base}/invitations`} class="card stack">
      <div>
        <h2>Invite somebody</h2>
        <p class="hint">They get a link that lasts seven days.</p>
      </div>
      <LimitNotice error={noRoom} planHref={planHref} />
      <FormOwner frame={frame} />
      <input type="hidden" name="form_nonce" value={newFormNonce()} />
      <div class="beside">
        <Field
          name="email"
          label="E-mail"
          type="email"
          required
          value={typed?.email ?? ''}
          problems={error?.errors ?? []}
        />
        <div class="field">
          <label for="role">Role</label>
          <select class="input" id="role" name="role">
            {[...roles].reverse().map((role) => (
              <option value={role} selected={typed?.role === role}>
                {roleLabels[role]}
              </option>
            ))}
          </select>
        </div>
        <button type="submit" class="button">
          Send invitation
        </button>
      </div>
    </form>
  )
}
