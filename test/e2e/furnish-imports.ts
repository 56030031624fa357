import { cancelImport, finishImport } from '../../src/features/imports/finish-import.ts'
import { startImport } from '../../src/features/imports/start-import.ts'
import { uploadImport } from '../../src/features/imports/upload-import.ts'
import { createWaitlist } from '../../src/features/waitlists/create-waitlist.ts'
import { type Context, inTransaction } from '../../src/platform/context.ts'
import { newFormNonce } from '../../src/platform/form-nonce.ts'
import { doQueued } from '../bring-file.ts'
import type { TestProduct } from '../make.ts'

/** The paths below an organisation's of a waitlist's imports: one that is looked at, one under way, and one that is over in each way. */
export async function furnishImports(
  product: TestProduct,
  ctx: Context,
  words: { waitlists: string[]; emails: string[] },
): Promise<Record<'all' | 'looked' | 'running' | 'done' | 'cancelled' | 'stopped', string>> {
  const { id } = await createWaitlist(ctx, { name: 'From files' })
  const odd = words.waitlists.map((word) => `"${word.replaceAll('"', '""')}"`)
  const rows = odd.map((word, i) => `${word},${words.emails[i % words.emails.length]},${i % 2 ? word : ''}`)
  const header = `${odd[0]},Email address,Joined`
  // In Latin-1, and with a row that is no CSV.
  const file = Buffer.from([header, ...rows, 'José,nobody,', ',,', '"never closed'].join('\r\n'), 'latin1')
  // Of people who are not active, each in a word of its own, with times that can be read in two ways.
  const inactive = odd.map((word, i) => `${word},${words.emails[i % words.emails.length]},3/4/2026,${word}`)
  const asked = Buffer.from([`${header},Status`, ...inactive, 'x,y@example.com,5/6/2026,active'].join('\r\n'))
  const bring = (name: string, content = file) => {
    const bytes = (async function* () {
      yield content
    })()
    return uploadImport(ctx, id, { name, bytes }, newFormNonce())
  }
  const done = await bring('people.csv')
  await startImport(ctx, id, done)
  await doQueued(product)
  const [cancelled, stopped] = [await bring('half.csv'), await bring('broken.csv')]
  for (const one of [cancelled, stopped]) await startImport(ctx, id, one)
  await cancelImport(ctx, id, cancelled)
  await inTransaction(ctx, (ctx) => finishImport(ctx, stopped, 'stopped', 'failed'))
  const looked = await bring(`${words.waitlists.at(-1)}.csv`, asked)
  const running = await bring(
    'a-file-with-a-rather-long-name-of-more-than-a-hundred-characters-that-nobody-can-read-in-one-go.csv',
  )
  await startImport(ctx, id, running)
  const path = `/waitlists/${id}/import`
  const below = (one: string) => `${path}/${one}`
  return {
    ...{ all: path, looked: below(looked), running: below(running), done: below(done) },
    ...{ cancelled: below(cancelled), stopped: below(stopped) },
  }
}
