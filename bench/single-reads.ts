import { performance } from 'node:perf_hooks'
import type { Client } from 'pg'
import type { Sample } from './measure.ts'
import { type Bench, type Findings, say } from './part.ts'
import { ratioOf } from './ratio.ts'

/** In the addresses of every eighth person. */
const needleOfMany = 'grace'

interface Single {
  id: string
  name: string
  ask(): Promise<unknown>
}

/**
 * What is asked by one alone, again and again: somebody's place in line beside a look-up by primary key through the same
 * driver, and a search that finds an eighth of the list beside PostgreSQL's own count of them.
 */
export async function measureSingleReads({ options, product, client }: Bench): Promise<Findings> {
  const { plain, moved } = product.waitlists
  const { rows } = await client.query<{ organisation_id: string }>(
    'select organisation_id from waitlists where id = $1',
    [plain],
  )
  const organisationId = rows[0]?.organisation_id ?? ''
  const anybody = () => 1 + Math.floor(Math.random() * options.people)
  const movedPeople = options.moved > 0 ? await client.query<Person>(peopleOf, [organisationId, moved]) : undefined
  const search = async () => {
    const found = await fetch(`${product.url}/v1/api/waitlists/${plain}/subscribers?limit=25&q=${needleOfMany}`, {
      headers: { Authorization: `Bearer ${product.key}` },
    })
    return ((await found.json()) as { total: number }).total
  }
  const count = async () =>
    Number((await ask<{ count: string }>(client, 'count', counted, [organisationId, plain, needleOfMany]))?.count)
  const totals = [await search(), await count()]
  if (totals[0] !== totals[1]) throw new Error(`a search found ${totals[0]} people, and there are ${totals[1]}`)

  const all: Single[] = [
    {
      id: 'single.row',
      name: 'one at a time: a person by primary key, same driver',
      ask: () => ask(client, 'row', row, [organisationId, moved, anybody()]),
    },
    ...(movedPeople
      ? [
          {
            id: 'single.place',
            name: `one at a time: the place of anybody of ${options.people.toLocaleString('en')}, ${options.moved.toLocaleString('en')} moved`,
            ask: () => {
              const person = movedPeople.rows[Math.floor(Math.random() * movedPeople.rows.length)]
              return ask(client, 'place', place, [organisationId, moved, person?.join_number, person?.priority_score])
            },
          },
        ]
      : []),
    {
      id: 'single.search',
      name: `one at a time: search with ${totals[0]?.toLocaleString('en')} hits, page of 25`,
      ask: search,
    },
    { id: 'single.count', name: "one at a time: PostgreSQL's own count of them", ask: count },
  ]
  say('asking one at a time')
  const samples = new Map<string, Sample[]>(all.map(({ id }) => [id, []]))
  for (const one of all) await repeat(one, 0.3)
  for (let round = 1; round <= options.rounds; round++)
    for (const one of all) samples.get(one.id)?.push({ perSecond: await repeat(one, options.seconds) })
  return {
    measured: all.map(({ id, name }) => ({ id, name, measure: () => Promise.reject(new Error('measured already')) })),
    samples,
    ratios: [
      ...ratioOf(samples, 'time of a place in line / a look-up by primary key', 'single.row', 'single.place', {
        atMost: 2.5,
      }),
      ...ratioOf(
        samples,
        "time of a search with an eighth of the list / PostgreSQL's own count",
        'single.count',
        'single.search',
        {
          atMost: 1.5,
        },
      ),
    ],
    notes: [],
  }
}

interface Person {
  join_number: string
  priority_score: number
}

const peopleOf = `
  select join_number, priority_score from subscribers
  where organisation_id = $1 and waitlist_id = $2 and (priority_score > 0 or join_number % 97 = 0)
  order by random() limit 20000`
const row = 'select email from subscribers where organisation_id = $1 and waitlist_id = $2 and join_number = $3'
const place = 'select place_in_line($1, $2, $3, $4)'
const counted = `
  select count(*) from subscribers
  where organisation_id = $1 and waitlist_id = $2 and lower(email) like '%' || $3::text || '%'`

async function ask<Row>(client: Client, name: string, text: string, values: unknown[]): Promise<Row | undefined> {
  const { rows } = await client.query({ name: `single_${name}`, text, values })
  return rows[0] as Row | undefined
}

/** How often a second. */
async function repeat({ ask: once }: Single, seconds: number): Promise<number> {
  const startedMs = performance.now()
  let times = 0
  while (performance.now() - startedMs < seconds * 1_000) {
    await once()
    times += 1
  }
  return times / ((performance.now() - startedMs) / 1_000)
}
