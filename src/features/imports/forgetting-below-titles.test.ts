import { afterAll, beforeAll, expect, test } from 'vitest'
import { asUser } from '../../../test/as.ts'
import { bringFile, doQueued, pressStart } from '../../../test/bring-file.ts'
import { makeOrganisation, makeProduct, makeWaitlist, type TestProduct } from '../../../test/make.ts'
import { dump } from '../../../test/people.ts'
import { listSubscribers } from '../subscribers/list-subscribers.ts'
import { removeSubscriber } from '../subscribers/remove-subscriber.ts'

let product: TestProduct
beforeAll(async () => {
  product = await makeProduct()
})
afterAll(() => product?.close())

test.each([
  ['titles and names', 'sep=;\nOur list;\nemail;note\n', 'email,note'],
  ['a line sep= alone', 'sep=;\n', 'column_1,column_2'],
])('a subscriber who is removed is erased in their row and no other below %s', async (_, above, names) => {
  const organisation = await makeOrganisation(product, 'team')
  const user = await asUser(product, organisation.owner)
  const id = await makeWaitlist(organisation)
  const file = `${above}one@example.com;1\ngone@example.com;2\nthree@example.com;3\n`
  const here = await bringFile(product, user, `/o/${organisation.slug}/waitlists/${id}`, file)
  await pressStart(user, here)
  await doQueued(product)
  const { items } = await listSubscribers(organisation.ctx, id, { page: 1, limit: 1, needle: 'gone' })
  await removeSubscriber(organisation.ctx, id, items[0]?.id ?? '')
  await doQueued(product)
  expect(await dump(product)).not.toContain('gone@example.com')
  const results = (await user.post(`${here}/results.csv`)).html.trim().split('\r\n')
  expect(results).toEqual([
    `row,result,reason,${names}`,
    '1,added,,one@example.com,1',
    expect.stringMatching(/^2,removed,Was removed from this waitlist since\.,/),
    '3,added,,three@example.com,3',
  ])
})
