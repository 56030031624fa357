import { keyCreate } from './features/api-keys/api-keys.cli.ts'
import { contextOf, orgCreate } from './features/organisations/organisations.cli.ts'
import { fillWaitlist } from './features/subscribers/fill-waitlist.ts'
import { waitlistCreate } from './features/waitlists/waitlists.cli.ts'
import { withServices } from './platform/cli/with-services.ts'
import { readConfig } from './platform/config.ts'
import { type Product, runServer } from './platform/process/run-server.ts'
import { randomBase62 } from './platform/secrets.ts'
import type { Services } from './platform/services.ts'

const people = 5_000

/** Runs the server with an organisation to look at: a waitlist of 5,000, an admin who can sign in, and a fresh key. */
export async function demo(product: Product): Promise<void> {
  const made = await withServices(makeDemo, { begins: true })
  await runServer(readConfig(), product, ({ publicUrl, mailPreviewUrl }) => {
    const lines = [
      `QueueUp is ready at ${publicUrl}`,
      '',
      `  Sign in     ${publicUrl}/sign-in`,
      `  Email       ${made.email}`,
      `  Password    ${made.password}`,
      `  Waitlist    ${made.waitlistId}`,
      `  API key     ${made.key}`,
      ...(mailPreviewUrl ? [`  Mails       ${mailPreviewUrl}`] : []),
      '',
      `  curl "${publicUrl}/v1/api/waitlists/${made.waitlistId}/subscribers?limit=3" \\`,
      `    -H "Authorization: Bearer ${made.key}"`,
      '',
    ]
    process.stdout.write(`${lines.join('\n')}\n`)
  })
}

async function makeDemo(services: Services) {
  const email = `demo-${randomBase62(5).toLowerCase()}@example.com`
  const org = (await orgCreate(services, { name: 'Demo', ownerEmail: email, plan: 'pro' })).json as {
    slug: string
    owner_password: string
  }
  const ctx = await contextOf(services, org.slug)
  const { waitlist_id: waitlistId } = (await waitlistCreate(ctx, { name: 'Spring launch' })).json as {
    waitlist_id: string
  }
  await fillWaitlist(ctx, waitlistId, people)
  const { key } = (await keyCreate(ctx, { name: 'demo', scope: ['subscribers:read', 'subscribers:write'] })).json as {
    key: string
  }
  return { email, password: org.owner_password, waitlistId, key }
}
