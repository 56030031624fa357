import { makeDemo } from './features/demo/make-demo.ts'
import { withServices } from './platform/cli/with-services.ts'
import { readConfig } from './platform/config.ts'
import { type Product, runServer } from './platform/process/run-server.ts'

/** Runs the server with an organisation to look at, sixty days old: its owner can sign in, and has a key to try. */
export async function demo(product: Product): Promise<void> {
  const made = await withServices((services, open) => open((tables) => makeDemo(services, tables)), { begins: true })
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
