import { execFileSync } from 'node:child_process'
import { createWriteStream, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { asUser } from '../../../test/as.ts'
import { bringFile, doQueued, pressStart } from '../../../test/bring-file.ts'
import {
  makeOrganisation,
  makeProduct,
  makeWaitlist,
  type TestOrganisation,
  type TestProduct,
} from '../../../test/make.ts'
import { textOf } from '../../../test/people.ts'
import { importSubscribers } from '../subscribers/import-subscribers.ts'
import { listSubscribers } from '../subscribers/list-subscribers.ts'

let product: TestProduct
let organisation: TestOrganisation
let user: Awaited<ReturnType<typeof asUser>>
beforeAll(async () => {
  product = await makeProduct()
  organisation = await makeOrganisation(product, 'team')
  user = await asUser(product, organisation.owner)
})
afterAll(() => product?.close())

interface Brought {
  emails: string[]
  refused: number
  reasons: string
}

/** The people at both ends of a waitlist. */
async function endsOf(id: string) {
  const first = await listSubscribers(organisation.ctx, id, { page: 1, limit: 2, needle: '' })
  const last = await listSubscribers(organisation.ctx, id, { page: first.total, limit: 1, needle: '' })
  return [...first.items, ...last.items].map(({ email }) => email)
}

async function byPage(content: Buffer): Promise<Brought> {
  const id = await makeWaitlist(organisation)
  const here = await bringFile(product, user, `/o/${organisation.slug}/waitlists/${id}`, content)
  await pressStart(user, here)
  while ((await doQueued(product)) > 0);
  const refused = Number(/Refused ([\d,]+)/.exec(textOf((await user.get(here)).html))?.[1]?.replaceAll(',', ''))
  const reasons = (await user.post(`${here}/results.csv`, { only: 'refused' })).html
  return { emails: await endsOf(id), refused, reasons }
}

async function byCommand(content: Buffer, from: 'file' | 'pipe' = 'file'): Promise<Brought> {
  const id = await makeWaitlist(organisation)
  const path = join(product.services.config.dataDir, `people-${id}`)
  if (from === 'file') writeFileSync(path, content)
  else {
    execFileSync('mkfifo', [path])
    createWriteStream(path).end(content)
  }
  const reasons: string[] = []
  const { refused } = await importSubscribers(organisation.ctx, id, path, {
    refuse: async ({ reason }) => void reasons.push(reason),
  })
  return { emails: await endsOf(id), refused, reasons: reasons.join('\n') }
}

/** A file of plain rows with somebody at its end whose name has an umlaut, and nothing else beyond ASCII. */
function withUmlautAt(at: number, padding = 'x'.repeat(200)): string {
  let text = 'email,note\n'
  for (let i = 0; text.length < at; i++) text += `p${i}@example.com,${padding}\n`
  return `${text}jörg@example.com,ü\n`
}

test.each([
  ['70,000', 70_000],
  ['300,000', 300_000],
])(
  'an umlaut that comes first at byte %s of a Windows-1252 file is an umlaut, for page, command and pipe',
  async (_, at) => {
    const content = Buffer.from(withUmlautAt(at), 'latin1')
    for (const brought of [await byPage(content), await byCommand(content), await byCommand(content, 'pipe')])
      expect(brought).toMatchObject({ emails: ['p0@example.com', 'p1@example.com', 'jörg@example.com'], refused: 0 })
    // What of the pipe had to wait has left no file.
    expect(readdirSync(product.services.config.dataDir).filter((name) => name.startsWith('import-'))).toEqual([])
  },
)

test('an umlaut after 10 MB is one as well', async () => {
  const content = Buffer.from(withUmlautAt(10 * 1024 * 1024, 'x'.repeat(20_000)), 'latin1')
  for (const brought of [await byPage(content), await byCommand(content), await byCommand(content, 'pipe')])
    expect(brought).toMatchObject({ emails: ['p0@example.com', 'p1@example.com', 'jörg@example.com'], refused: 0 })
})

test.each([
  ['UTF-8', (text: string) => Buffer.from(text)],
  ['UTF-8 with a mark', (text: string) => Buffer.from(`\ufeff${text}`)],
  ['UTF-16 LE with a mark', (text: string) => Buffer.from(`\ufeff${text}`, 'utf16le')],
  ['UTF-16 LE', (text: string) => Buffer.from(text, 'utf16le')],
  ['UTF-16 BE with a mark', (text: string) => Buffer.from(`\ufeff${text}`, 'utf16le').swap16()],
  ['UTF-16 BE', (text: string) => Buffer.from(text, 'utf16le').swap16()],
  ['Windows-1252', (text: string) => Buffer.from(text, 'latin1')],
])('%s is read alike by page, command and pipe, at its beginning and far behind', async (_, encode) => {
  const content = encode(withUmlautAt(80_000).replace('p0@', 'ä0@'))
  for (const brought of [await byPage(content), await byCommand(content), await byCommand(content, 'pipe')])
    expect(brought).toMatchObject({ emails: ['ä0@example.com', 'p1@example.com', 'jörg@example.com'], refused: 0 })
})

test.each([
  ['a damaged character', Buffer.from([0xc3])],
  ['half a character', Buffer.from([0xe2, 0x82])],
  ['a character that was lost before', Buffer.from('\ufffd')],
])(
  '%s in a UTF-8 file is a refusal with a reason, never an address, and leaves the other umlauts as they are',
  async (_, damage) => {
    const content = Buffer.concat([
      Buffer.from('email\njörg@example.com\nmüller@example.com\nb'),
      damage,
      Buffer.from('rger@example.com\nzoë@example.com\n'),
    ])
    for (const brought of [await byPage(content), await byCommand(content), await byCommand(content, 'pipe')]) {
      expect(brought).toMatchObject({
        emails: ['jörg@example.com', 'müller@example.com', 'zoë@example.com'],
        refused: 1,
      })
      expect(brought.reasons).toContain('a character that can’t be read')
    }
  },
)

test.each([
  [
    'a lone half of a pair in UTF-16',
    Buffer.concat([
      Buffer.from('\ufeffemail\na@example.com\nx', 'utf16le'),
      Buffer.from([0x00, 0xd8]),
      Buffer.from('y@example.com\nb@example.com\nc@example.com\n', 'utf16le'),
    ]),
  ],
  [
    'a damaged character after a mark',
    Buffer.concat([
      Buffer.from('\ufeffemail\na@example.com\nx'),
      Buffer.from([0xe4]),
      Buffer.from('y@example.com\nb@example.com\nc@example.com\n'),
    ]),
  ],
])('%s is a refusal with a reason too', async (_, content) => {
  for (const brought of [await byPage(content), await byCommand(content)])
    expect(brought).toMatchObject({ emails: ['a@example.com', 'b@example.com', 'c@example.com'], refused: 1 })
})

test('UTF-32 is refused in words', async () => {
  const content = Buffer.concat([
    Buffer.from([0xff, 0xfe, 0, 0]),
    Buffer.from(new Uint32Array([...'email\n'].map((c) => c.charCodeAt(0))).buffer),
  ])
  await expect(byCommand(content)).rejects.toThrow('Save it as UTF-8')
  await expect(byPage(content)).rejects.toThrow('Save it as UTF-8')
})
