import type { Context } from '../../platform/context.ts'
import { importDirectly } from '../imports/import-directly.ts'
import type { JoinRow } from './add-subscriber.ts'
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
  await importDirectly(ctx, waitlistId, 'made-up people', madeUp(count, ctx.now().getTime()))
}

async function* madeUp(count: number, now: number): AsyncGenerator<JoinRow[]> {
  for (let from = 0; from < count; from += batchRows) {
    yield Array.from({ length: Math.min(batchRows, count - from) }, (_, i) => {
      const n = from + i
      const email = parseEmailAddress(`${names[n % names.length]}.${n}@example.com`)
      if (!email) throw new Error('a made-up address is none')
      return { email, joinedAt: new Date(now - ((count - n) * 60 * 86_400_000) / count) }
    })
  }
}
