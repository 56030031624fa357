import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createApp } from '../src/app.tsx'
import type { Answer, Change } from './changes.ts'
import { changesOfAccounts } from './changes-of-accounts.ts'
import { changesOfBilling } from './changes-of-billing.ts'
import { changesOfCommands } from './changes-of-commands.ts'
import { changesOfOrganisations } from './changes-of-organisations.ts'
import { reportFigure } from './figures.ts'
import { makeProduct, type TestProduct } from './make.ts'
import { noteUncaught } from './note-uncaught.ts'
import { type Fault, makeSaboteur } from './saboteur.ts'
import { makeSoldProduct, type SoldProduct } from './sold.ts'
import { makeDigester, type TableDigests } from './table-digests.ts'

/** What a failed request may change: tries are counted, and when a session or a key was last used. */
const besides = ['rate_limits', 'api_key_usage', 'sessions']
const answersOfPostgres: Fault[] = ['40001', '57014', 'XX000']
/** What is answered then; what PostgreSQL says may reach us in the words of a library. */
const honest: Record<Fault, number[]> = { lost: [503], '40001': [503, 500], '57014': [503, 500], XX000: [500] }
/** What is sent beside requests or after their answers, whichever they are. */
const behindAnswers = /record_key_uses|charge_tokens|file_search_entries|learn_statistics/
/** The cause, which is for the log alone. */
const cause = /planted|terminated|ECONNRESET|DatabaseError|node_modules/

let product: TestProduct
let sold: SoldProduct
let changes: { change: Change; on: TestProduct }[]
let [faults, rows] = [0, 0]
beforeAll(async () => {
  product = await makeProduct()
  sold = await makeSoldProduct()
  const plain = [...changesOfOrganisations, ...changesOfAccounts, ...changesOfCommands]
  changes = [
    ...plain.map((change) => ({ change, on: product })),
    ...changesOfBilling(sold).map((change) => ({ change, on: sold.product })),
  ]
})
afterAll(async () => {
  await product.close()
  await sold.close()
  reportFigure('statements made to fail under requests that change something', faults)
  reportFigure('requests and commands held to the rows of the log that they write', rows)
})

test('every route that changes something is among them', async () => {
  const document = (await (await fetch(`${product.url}/openapi.json`)).json()) as { paths: Record<string, object> }
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  )
  const pages = createApp(product.services).routes.map(({ method, path }) => `${method} ${path}`)
  const changing = [...new Set([...pages, ...operations])].filter((route) => !/^(GET|ALL|HEAD|OPTIONS) /.test(route))
  const known = changes.map(({ change }) => change.route).filter((route) => !route.startsWith('queueup '))
  expect(known.toSorted()).toEqual(changing.toSorted())
})

test('whichever of its statements fails, a request changes nothing, says so honestly, and works when it is sent again, with exactly its rows of the log', async () => {
  const wrong: unknown[] = []
  for (const { change, on } of changes) wrong.push(...(await failEverywhere(on, change)))
  expect(wrong).toEqual([])
}, 240_000)

/** Lets a request fail at its first statement, at its second and so on, until all of it goes through; answers what was wrong. */
async function failEverywhere(on: TestProduct, change: Change): Promise<unknown[]> {
  const { owner } = on.database
  const digest = await makeDigester(owner, { except: besides })
  const actions = async () =>
    (await sql<{ action: string }>`select action from activities order by occurred_at, number`.execute(owner.kysely))
      .rows
  const begin = async () => ({ send: await change.begin(on), before: await digest(), seen: (await actions()).length })
  const wrong: unknown[] = []
  const saboteur = makeSaboteur(on.database.url)
  const uncaught = noteUncaught()
  let scene = await begin()
  try {
    for (let k = ownFrom(change); ; k++) {
      const answered = answersOfPostgres[k % (2 * answersOfPostgres.length)]
      for (const fault of ['lost', ...(answered ? [answered] : [])] as const) {
        await sql`delete from rate_limits`.execute(owner.kysely)
        saboteur.arm(k, fault)
        const answer = await scene.send().catch(brokenOff)
        const hit = saboteur.disarm()
        if (hit !== undefined) faults += 1
        const told = [change.route, k, fault, hit?.replace(/\s+/g, ' ').slice(0, 120), answer.status]
        const isDone = answer.status < 400
        const faultsFound = isDone
          ? faultsOfDone(change, answer, hit, (await actions()).slice(scene.seen))
          : faultsOfFailed(change, answer, hit === undefined ? undefined : fault, scene.before, await digest())
        // What nobody catches would end the server.
        faultsFound.push(...uncaught.take().map((error) => `is caught by nobody: ${error}`))
        wrong.push(...faultsFound.map((one) => [...told, one]))
        if (hit === undefined) return wrong
        if (isDone || faultsFound.length > 0) scene = await begin()
      }
    }
  } finally {
    saboteur.stop()
    uncaught.stop()
  }
}

/** Who asks, and for which organisation, is read by three statements before any form of it is: they fail under the first alone. */
function ownFrom(change: Change): number {
  return change.route.startsWith('POST /o/') && change !== changes[0]?.change ? 4 : 1
}

/** A download that had begun. */
function brokenOff(error: unknown): Answer {
  if (!(error instanceof TypeError) || error.message !== 'terminated') throw error
  return { status: 0, headers: new Headers(), text: '' }
}

function faultsOfDone({ writes, shows, unneeded }: Change, answer: Answer, hit: string | undefined, seen: object[]) {
  rows += 1
  const expected = Array.isArray(writes) ? writes.map((action) => ({ action })) : []
  const isBroken = answer.status === 0
  return [
    ...(JSON.stringify(seen) === JSON.stringify(expected) ? [] : [`wrote ${JSON.stringify(seen)}`]),
    ...(hit === undefined || isBroken || behindAnswers.test(hit) || unneeded?.test(hit.replace(/\s+/g, ' '))
      ? []
      : ['went on all the same']),
    ...(shows && !shows.test(answer.text) ? ['does not show what it made'] : []),
  ]
}

function faultsOfFailed(
  { route, piecewise }: Change,
  { status, headers, text }: Answer,
  fault: Fault | undefined,
  before: TableDigests,
  after: TableDigests,
) {
  if (fault === undefined)
    return [`is refused although nothing failed: ${text.replace(/<[^>]*>/g, ' ').slice(0, 2_000)}`]
  const changed = Object.keys(before).filter((table) => before[table]?.digest !== after[table]?.digest)
  return [
    ...(honest[fault].includes(status) ? [] : [`is not ${honest[fault]}`]),
    ...(status !== 503 || Number(headers.get('retry-after')) >= 1 ? [] : ['does not say when to come again']),
    ...(cause.test(text) ? ['tells the cause'] : []),
    ...(route.includes(' /v1/') && !headers.get('content-type')?.includes('problem+json') ? ['is no problem'] : []),
    ...(piecewise || changed.length === 0 ? [] : [`changed ${changed}`]),
  ]
}
