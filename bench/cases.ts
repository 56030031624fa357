import { needleOfFifty, smallPeople } from './fill-database.ts'
import type { BenchOptions } from './read-options.ts'
import type { RunningProduct } from './start-product.ts'

export const pageSize = 50
const searchSize = 25

/** A request of the customer API that is measured, and what its answer must be for the figure to mean anything. */
export interface Case {
  name: string
  /** Under what it stands in the results, and in ratios. */
  id: string
  method: 'GET' | 'POST'
  path: string
  connections: number
  /** JSON; `{n}` in it becomes a number that no other request has. */
  body?: string
  expected: { status: number; items?: number; total?: number }
}

/** What only reads, in the order in which it is measured. */
export function readCases(product: RunningProduct, options: BenchOptions): Case[] {
  const lastPage = Math.ceil(options.people / pageSize)
  const pages = { first: 1, middle: Math.ceil(lastPage / 2), last: lastPage }
  const list = (
    id: string,
    name: string,
    waitlistId: string,
    query: string,
    items: number,
    total: number,
    limit = pageSize,
  ): Case => ({
    id,
    name,
    method: 'GET',
    path: `/v1/api/waitlists/${waitlistId}/subscribers?limit=${limit}${query}`,
    connections: 32,
    expected: { status: 200, items, total },
  })
  // One of an organisation runs at a time, and a process lets few wait.
  const search = (id: string, name: string, q: string, items: number, total: number): Case => ({
    ...list(id, name, product.waitlists.plain, `&q=${q}`, items, total, searchSize),
    connections: 8,
  })
  const { plain, moved, small, smallMoved } = product.waitlists
  const onLastPage = options.people - (lastPage - 1) * pageSize
  const pagesOf = (group: string, title: string, waitlistId: string) =>
    Object.entries(pages).map(([which, page]) => {
      const items = page === lastPage ? onLastPage : pageSize
      return list(`${group}.${which}`, `${title}, ${which} page`, waitlistId, `&page=${page}`, items, options.people)
    })
  return [
    ...pagesOf('list', `list ${pageSize}`, plain),
    ...(options.moved > 0 ? pagesOf('moved', `list ${pageSize}, ${options.moved} people moved`, moved) : []),
    list('small.first', `list ${pageSize} of ${smallPeople}, first page`, small, '', pageSize, smallPeople),
    ...(options.moved > 0
      ? [
          list(
            'smallMoved.first',
            `list ${pageSize} of ${smallPeople}, moved, first page`,
            smallMoved,
            '',
            pageSize,
            smallPeople,
          ),
        ]
      : []),
    list('list.25', `list ${searchSize}, first page`, plain, '', searchSize, options.people, searchSize),
    search('search.0', 'search, 0 hits', 'nobody-has-this', 0, 0),
    search('search.1', 'search, 1 hit', `.${Math.floor(options.people / 2) + 1}@`, 1, 1),
    search('search.50', 'search, 50 hits', needleOfFifty, searchSize, 50),
    {
      id: 'key',
      name: 'key check alone (GET /key)',
      method: 'GET',
      path: '/v1/api/key',
      connections: 32,
      expected: { status: 200 },
    },
  ]
}

export function createCase(product: RunningProduct): Case {
  return {
    id: 'create',
    name: 'create, one waitlist',
    method: 'POST',
    path: `/v1/api/waitlists/${product.waitlists.created}/subscribers`,
    connections: 64,
    body: '{"email":"somebody.{n}@example.com"}',
    expected: { status: 201 },
  }
}
