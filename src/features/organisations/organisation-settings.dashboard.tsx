import type { Hono, Context as HonoContext } from 'hono'
import { hasRole, requireRole } from '../../platform/context.ts'
import type { Downloads } from '../../platform/downloads.ts'
import { AppError } from '../../platform/errors.ts'
import type { AppEnv } from '../../platform/http/app-env.ts'
import { readForm } from '../../platform/http/read-form.ts'
import { refuseCarried } from '../../platform/http/refuse-carried.ts'
import { renderPage } from '../../platform/http/render-page.tsx'
import { sendZip } from '../../platform/http/send-zip.ts'
import { findPaidUntil } from '../billing/billing-account.ts'
import { planRules } from '../plans/plan-rules.ts'
import { changeSlug } from './change-slug.ts'
import { deleteOrganisation, findDeletion, restoreOrganisation } from './delete-organisation.ts'
import { DeletedOrganisationPage } from './deleted-organisation-page.tsx'
import { exportOrganisation } from './export-organisation.ts'
import { OrganisationSettingsPage, type TypedSetting } from './organisation-settings-page.tsx'
import { updateOrganisation } from './update-organisation.ts'

/** An organisation's name, address, export, deletion and the way back. */
export function organisationSettingsRoutes(app: Hono<AppEnv>, downloads: Downloads): void {
  const show = (
    c: HonoContext<AppEnv>,
    shown: { naming?: TypedSetting; moving?: TypedSetting; deleting?: TypedSetting } = {},
  ) => {
    const { ctx, frame } = c.var
    requireRole(ctx, 'owner')
    const { name, slug } = ctx.organisation
    const page = (
      <OrganisationSettingsPage frame={frame} name={name} slug={slug} saved={c.req.query('saved')} {...shown} />
    )
    const error = Object.values(shown).find((setting) => setting.error)?.error
    return renderPage(c, page, error?.status, error?.headers)
  }
  const saved = (c: HonoContext<AppEnv>, what: string, slug = c.var.ctx.organisation.slug) =>
    c.redirect(`/o/${slug}/settings?saved=${what}`, 303)

  app.get('/o/:slug/settings', (c) => show(c))

  app.post('/o/:slug/settings', async (c) => {
    const typed = (await readForm(c)).text('name')
    return orTold(
      async () => {
        refuseCarried(c, 'name')
        await updateOrganisation(c.var.ctx, { name: typed })
        return saved(c, 'name')
      },
      (error) => show(c, { naming: { typed, error } }),
    )
  })

  app.get('/o/:slug/settings/slug', (c) => show(c))

  app.post('/o/:slug/settings/slug', async (c) => {
    const typed = (await readForm(c)).text('slug')
    return orTold(
      async () => {
        refuseCarried(c, 'slug')
        return saved(c, 'slug', (await changeSlug(c.var.ctx, { slug: typed })).slug)
      },
      (error) => show(c, { moving: { typed, error } }),
    )
  })

  app.post('/o/:slug/settings/export', async (c) =>
    sendZip(c, downloads, `${c.var.ctx.organisation.slug}-export`, await exportOrganisation(c.var.ctx, downloads)),
  )

  app.get('/o/:slug/settings/delete', (c) => show(c, { deleting: { typed: '' } }))

  app.post('/o/:slug/settings/delete', async (c) => {
    const typed = (await readForm(c)).text('confirmation')
    return orTold(
      async () => {
        await deleteOrganisation(c.var.ctx, { confirmation: typed })
        return c.redirect(`/o/${c.var.ctx.organisation.slug}/deleted`, 303)
      },
      (error) => show(c, { deleting: { typed, error } }),
    )
  })

  app.get('/o/:slug/deleted', async (c) => {
    const { ctx, frame } = c.var
    const base = `/o/${ctx.organisation.slug}`
    const deletion = await findDeletion(ctx)
    if (!deletion) return c.redirect(`${base}/waitlists`, 303)
    return renderPage(
      c,
      <DeletedOrganisationPage
        frame={frame}
        name={ctx.organisation.name}
        base={base}
        deletedBy={deletion.deleted_by_name}
        purgedAt={deletion.purged_at}
        isOwner={hasRole(ctx.actor, 'owner')}
        paidUntil={await findPaidUntil(ctx)}
      />,
    )
  })

  app.post('/o/:slug/deleted/restore', async (c) => {
    await restoreOrganisation(c.var.ctx)
    return saved(c, planRules(c.var.ctx.organisation.plan).apiAccess ? 'restored' : 'restored-free')
  })
}

/** Does it, or shows the page with what is wrong beside the field. */
async function orTold(
  work: () => Promise<Response>,
  tell: (error: AppError) => Response | Promise<Response>,
): Promise<Response> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof AppError && error.errors.length > 0) return tell(error)
    throw error
  }
}
