import { type Context, inTransaction } from '../../platform/context.ts'
import { joinOpenWaitlist } from './add-subscriber.ts'
import { parseEmailAddress } from './email-address.ts'

const batchRows = 1_000
const names = [
  'ada',
  'alan',
  'barbara',
  'claude',
  'donald',
  'edsger',
  'frances',
  'grace',
  'hedy',
  'john',
  'katherine',
  'leslie',
  'margaret',
  'niklaus',
  'radia',
  'tim',
]

/** Fills a waitlist with made-up people who joined over the last weeks, for the demo and for measuring. */
export async function fillWaitlist(ctx: Context, waitlistId: string, count: number): Promise<void> {
  const now = ctx.now().getTime()
  for (let from = 0; from < count; from += batchRows) {
    const rows = Array.from({ length: Math.min(batchRows, count - from) }, (_, i) => {
      const n = from + i
      const email = parseEmailAddress(`${names[n % names.length]}.${n}@example.com`)
      if (!email) throw new Error('a made-up address is none')
      return { email, joinedAt: new Date(now - ((count - n) * 60 * 86_400_000) / count) }
    })
    await inTransaction(ctx, (ctx) => joinOpenWaitlist(ctx, waitlistId, rows, { logged: false }))
  }
}
