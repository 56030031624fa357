import { deleteOrganisation } from '../src/features/organisations/delete-organisation.ts'
import { inviteMember } from '../src/features/organisations/invite-member.ts'
import { addSubscriber } from '../src/features/subscribers/add-subscriber.ts'
import { archiveWaitlist } from '../src/features/waitlists/archive-waitlist.ts'
import { newFormNonce } from '../src/platform/form-nonce.ts'
import { randomBase62 } from '../src/platform/secrets.ts'
import { asApiKey } from './as.ts'
import { bringFile, matchForm, pressStart, sendFile } from './bring-file.ts'
import { byOwner, type Change, makeScene, type Scene } from './changes.ts'
import { makeApiKey } from './make.ts'

const file = 'email\nada@changes.example\nbob@changes.example\n'
const person = { email: 'ada@changes.example' }

async function withImport(scene: Scene) {
  const list = `${scene.home}/waitlists/${await scene.waitlist()}`
  return bringFile(scene.product, scene.owner, list, file)
}

/** The lock that limits downloads is asked for again, and goes with its connection where it cannot be released. */
const download = { unneeded: /^select pg_(try_advisory_lock|advisory_unlock)/ }

/** Every change below an organisation's address but what is paid for, and the customer API's. */
export const changesOfOrganisations: Change[] = [
  byOwner('/o/:slug/settings', ['organisation.updated'], async ({ form }) => form('settings', { name: 'Renamed' })),
  byOwner('/o/:slug/settings/slug', ['organisation.updated'], async ({ form }) =>
    // Its own address is another one afterwards, and before.
    form('settings/slug', { slug: `moved-${randomBase62(8).toLowerCase()}` }),
  ),
  {
    ...byOwner('/o/:slug/settings/export', ['organisation.exported'], async ({ form }) => form('settings/export')),
    ...download,
  },
  byOwner('/o/:slug/settings/delete', ['organisation.deleted'], async ({ form, organisation }) =>
    form('settings/delete', { confirmation: organisation.ctx.organisation.name }),
  ),
  byOwner('/o/:slug/deleted/restore', ['organisation.restored'], async ({ form, organisation }) => {
    await deleteOrganisation(organisation.ctx, { confirmation: organisation.ctx.organisation.name })
    return form('deleted/restore')
  }),
  byOwner('/o/:slug/plan', ['plan.changed'], async ({ form }) => form('plan', { plan: 'pro' })),
  byOwner('/o/:slug/members/invitations', ['member.invited'], async ({ form }) =>
    form('members/invitations', { email: 'guest@changes.example', role: 'admin' }),
  ),
  byOwner(
    '/o/:slug/members/invitations/:id/withdraw',
    ['member.invitation_withdrawn'],
    async ({ product, form, organisation }) => {
      await inviteMember(organisation.ctx, { email: 'guest@changes.example', role: 'admin' })
      const found = product.database.owner.kysely
        .selectFrom('invitations')
        .select('id')
        .where('organisation_id', '=', organisation.id)
      return form(`members/invitations/${(await found.executeTakeFirstOrThrow()).id}/withdraw`)
    },
  ),
  byOwner('/o/:slug/members/:id/role', ['member.role_changed'], async ({ form, member }) =>
    form(`members/${(await member()).id}/role`, { role: 'member' }),
  ),
  byOwner('/o/:slug/members/:id/remove', ['member.removed'], async ({ form, member }) =>
    form(`members/${(await member()).id}/remove`),
  ),
  byOwner('/o/:slug/members/transfer', ['member.role_changed'], async ({ form, member }) =>
    form('members/transfer', { to: (await member()).id }),
  ),
  byOwner('/o/:slug/waitlists', ['waitlist.created'], async ({ form }) => form('waitlists', { name: 'Launch' })),
  byOwner('/o/:slug/waitlists/:id/setup', ['waitlist.updated'], async ({ form, waitlist }) =>
    form(`waitlists/${await waitlist()}/setup`, { name: 'Launch', description: 'Soon', skip_amount: '7' }),
  ),
  byOwner('/o/:slug/waitlists/:id/archive', ['waitlist.archived'], async ({ form, waitlist }) =>
    form(`waitlists/${await waitlist()}/archive`),
  ),
  byOwner('/o/:slug/waitlists/:id/restore', ['waitlist.restored'], async ({ form, waitlist, organisation }) => {
    const id = await waitlist()
    await archiveWaitlist(organisation.ctx, id)
    return form(`waitlists/${id}/restore`)
  }),
  byOwner('/o/:slug/waitlists/:id/add', ['subscriber.joined'], async ({ form, waitlist }) =>
    form(`waitlists/${await waitlist()}/add`, person),
  ),
  {
    ...byOwner('/o/:slug/waitlists/:id/export', ['subscriber.exported'], async ({ form, waitlist, organisation }) => {
      const id = await waitlist()
      await addSubscriber(organisation.ctx, id, person)
      return form(`waitlists/${id}/export`)
    }),
    ...download,
  },
  byOwner(
    '/o/:slug/waitlists/:id/subscribers/:subscriber/remove',
    ['subscriber.removed'],
    async ({ form, waitlist, organisation }) => {
      const id = await waitlist()
      await addSubscriber(organisation.ctx, id, person)
      return form(`waitlists/${id}/subscribers/1/remove`)
    },
  ),
  byOwner(
    '/o/:slug/waitlists/:id/import',
    { nothing: 'a file that lies there adds nobody' },
    async ({ product, owner, home, waitlist }) => {
      const path = `${home}/waitlists/${await waitlist()}/import?form_nonce=${newFormNonce()}`
      return async () => {
        const { html, ...answer } = await sendFile(product, owner, path, file)
        return { ...answer, text: html }
      }
    },
  ),
  byOwner(
    '/o/:slug/waitlists/:id/import/:import',
    { nothing: 'an import is one row once it is over, by the job' },
    async (scene) => {
      const path = await withImport(scene)
      const { html } = await scene.owner.get(path)
      return scene.form(path, { ...matchForm(html), step: 'start' })
    },
  ),
  byOwner(
    '/o/:slug/waitlists/:id/import/:import/continue',
    { nothing: 'an import is one row once it is over, by the job' },
    async (scene) => {
      const path = await withImport(scene)
      await pressStart(scene.owner, path)
      await scene.owner.post(`${path}/cancel`)
      return scene.form(`${path}/continue`)
    },
  ),
  {
    ...byOwner('/o/:slug/waitlists/:id/import/:import/results.csv', ['subscriber.exported'], async (scene) => {
      const path = await withImport(scene)
      await pressStart(scene.owner, path)
      await scene.owner.post(`${path}/cancel`)
      return scene.form(`${path}/results.csv`)
    }),
    ...download,
  },
  byOwner('/o/:slug/waitlists/:id/import/:import/cancel', { nothing: 'nobody was added yet' }, async (scene) => {
    const path = await withImport(scene)
    await pressStart(scene.owner, path)
    return scene.form(`${path}/cancel`)
  }),
  {
    ...byOwner('/o/:slug/api-keys', ['api_key.created'], async ({ form }) =>
      form('api-keys', { name: 'crm-sync', scopes: ['subscribers:read'] }),
    ),
    shows: /qu_live_[0-9A-Za-z]{38}/,
    // The page behind the dialog.
    unneeded: /^start transaction .* read only$|set_config|from "?api_keys|^commit$/,
  },
  byOwner('/o/:slug/api-keys/:id/revoke', ['api_key.revoked'], async ({ form, organisation }) =>
    form(`api-keys/${(await makeApiKey(organisation)).id}/revoke`),
  ),
  {
    ...byOwner('/o/:slug/activity/export', ['activity.exported'], async ({ form }) =>
      form('activity/export', { format: 'csv' }),
    ),
    ...download,
  },
  {
    route: 'POST /v1/api/waitlists/{waitlist_id}/subscribers',
    writes: ['subscriber.joined'],
    async begin(product) {
      const { organisation, waitlist } = await makeScene(product)
      const [{ secret }, id] = [await makeApiKey(organisation), await waitlist()]
      return () => asApiKey(product, secret).post(`/waitlists/${id}/subscribers`, person)
    },
  },
]
