import { type Context, inSnapshot } from '../../platform/context.ts'
import { AppError } from '../../platform/errors.ts'
import { noHash } from './activity-hash.ts'
import { chainOwnActivities } from './chain-activities.ts'

/** The last row of a log and its hash in hex, which stands for everything before it. */
export interface ChainHead {
  number: number
  hash: string
}

/** The head of an organisation's log as it is now, to be kept where nobody who could change the log can reach it. */
export async function getChainHead(ctx: Context): Promise<ChainHead> {
  await chainOwnActivities(ctx)
  return inSnapshot(ctx, async (ctx) => {
    const chain = await ctx.sql
      .selectFrom('activity_chains')
      .select(['last_number', 'last_hash'])
      .where('organisation_id', '=', ctx.organisation.id)
      .executeTakeFirst()
    return { number: chain?.last_number ?? 0, hash: chain?.last_hash.toString('hex') ?? noHash }
  })
}

/** @throws AppError `validation_failed` for what is no head as `NUMBER:HASH`. */
export function readChainHead(text: string): ChainHead {
  const [, number, hash] = /^([1-9][0-9]{0,14}):([0-9a-f]{64})$/i.exec(text.trim()) ?? []
  if (!number || !hash)
    throw new AppError('validation_failed', '--head takes a row’s number and its hash, as in 120:9f86d0….')
  return { number: Number(number), hash: hash.toLowerCase() }
}
