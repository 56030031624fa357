import { Hono } from 'hono'
import { ownAccountRoutes } from './features/accounts/account.dashboard.tsx'
import { identifyPerson, identifyRequest } from './features/accounts/accounts.auth.ts'
import { accountRoutes } from './features/accounts/accounts.dashboard.tsx'
import { makeAccounts } from './features/accounts/accounts.ts'
import { carryForms } from './features/accounts/carried-form.auth.tsx'
import { confirmSignUpRoutes } from './features/accounts/confirm-sign-up.dashboard.tsx'
import { emailRoutes } from './features/accounts/email.dashboard.tsx'
import { guardedActions } from './features/accounts/guarded-actions.ts'
import { requireRecentSignIn } from './features/accounts/recent-sign-in.auth.tsx'
import { resetPasswordRoutes } from './features/accounts/reset-password.dashboard.tsx'
import { signInCodeRoutes } from './features/accounts/sign-in-code.dashboard.tsx'
import { twoFactorRoutes } from './features/accounts/two-factor.dashboard.tsx'
import { activityRoutes } from './features/activity/activity.dashboard.tsx'
import { apiKeyOperations } from './features/api-keys/api-keys.api.ts'
import { makeCustomerApi } from './features/api-keys/api-keys.auth.ts'
import { apiKeyRoutes } from './features/api-keys/api-keys.dashboard.tsx'
import { KeyGate } from './features/api-keys/key-gate.ts'
import { openApiDocument } from './features/api-keys/openapi-document.ts'
import { stripeEventRoutes } from './features/billing/billing.api.ts'
import { billingRoutes } from './features/billing/billing.dashboard.tsx'
import { documentationRoutes } from './features/documentation/documentation.dashboard.tsx'
import { importRoutes } from './features/imports/imports.dashboard.tsx'
import { memberRoutes } from './features/organisations/members.dashboard.tsx'
import { organisationSettingsRoutes } from './features/organisations/organisation-settings.dashboard.tsx'
import { enterOrganisation } from './features/organisations/organisations.auth.ts'
import { organisationRoutes } from './features/organisations/organisations.dashboard.tsx'
import { planRoutes } from './features/plans/plans.dashboard.tsx'
import { exportRoutes } from './features/subscribers/export.dashboard.tsx'
import { statusRoutes } from './features/subscribers/status.dashboard.tsx'
import { subscriberRoutesOfOne } from './features/subscribers/subscriber.dashboard.tsx'
import { subscriberOperations } from './features/subscribers/subscribers.api.ts'
import { subscriberRoutes } from './features/subscribers/subscribers.dashboard.tsx'
import { waitlistSetupRoutes } from './features/waitlists/waitlist-setup.dashboard.tsx'
import { waitlistRoutes } from './features/waitlists/waitlists.dashboard.tsx'
import { Downloads, type Pace, type PaceWhileFull } from './platform/downloads.ts'
import { AppError } from './platform/errors.ts'
import type { AppEnv } from './platform/http/app-env.ts'
import { assetRoutes } from './platform/http/assets.ts'
import { errorPage } from './platform/http/error-pages.tsx'
import { mailPreviewRoutes } from './platform/http/mail-preview.tsx'
import { refuseOddAddresses } from './platform/http/odd-addresses.ts'
import { nothingHere } from './platform/http/problem.ts'
import { refuseProxied } from './platform/http/refuse-proxied.ts'
import { sameOriginOnly } from './platform/http/same-origin.ts'
import type { Services } from './platform/services.ts'

/** Every route of the product. */
export function createApp(
  services: Services,
  paces: { pace?: Partial<Pace>; paceWhileFull?: PaceWhileFull } = {},
): Hono<AppEnv> {
  const app = new Hono<AppEnv>()
  const gate = new KeyGate(services)
  const accounts = makeAccounts(services)
  const downloads = new Downloads(services, paces)
  const operations = [...subscriberOperations(services, gate), ...apiKeyOperations()]
  const openApi = openApiDocument(operations, services.config.publicUrl)

  const customerApi = makeCustomerApi(services, gate, operations)
  app.all('/v1/api', customerApi)
  app.all('/v1/api/*', customerApi)
  app.all('/v1/*', nothingHere(services.config.publicUrl))
  const openApiJson = JSON.stringify(openApi)
  const openApiHeaders = {
    ...{ 'Content-Type': 'application/json', 'Cache-Control': 'no-cache', 'X-Content-Type-Options': 'nosniff' },
  }
  app.get('/openapi.json', (c) => c.body(openApiJson, 200, openApiHeaders))
  assetRoutes(app)
  stripeEventRoutes(app, services)

  app.use(identifyRequest(services), refuseProxied(services))
  statusRoutes(app, services)

  app.use(identifyPerson(services, accounts), refuseOddAddresses, sameOriginOnly(services.config))
  app.use('/o/:slug/*', carryForms(services), enterOrganisation(services))
  for (const action of guardedActions) app.post(action.path, requireRecentSignIn(services, action))
  accountRoutes(app, services, accounts)
  confirmSignUpRoutes(app, services)
  ownAccountRoutes(app, services)
  resetPasswordRoutes(app, services)
  emailRoutes(app, services)
  signInCodeRoutes(app, services)
  twoFactorRoutes(app, services)
  organisationRoutes(app, services)
  organisationSettingsRoutes(app, downloads)
  memberRoutes(app, services)
  waitlistRoutes(app)
  waitlistSetupRoutes(app)
  subscriberRoutes(app)
  exportRoutes(app, downloads)
  subscriberRoutesOfOne(app)
  importRoutes(app, downloads)
  apiKeyRoutes(app)
  activityRoutes(app, downloads)
  planRoutes(app)
  billingRoutes(app)
  documentationRoutes(app, services, openApi)
  mailPreviewRoutes(app, services)

  app.notFound((c) =>
    errorPage(c, services, new AppError('not_found', 'There is no such page, or it is not for this account.')),
  )
  app.onError((error, c) => errorPage(c, services, error))
  return app
}
