import { expect, test } from 'vitest'
import { asUser } from '../../../test/as.ts'
import { makeProduct } from '../../../test/make.ts'
import { textOf } from '../../../test/people.ts'
import { makeRawCaller } from '../../../test/raw-call.ts'
import { makeMailer } from '../mail/make-mailer.ts'
import { mailPreviewPath } from './mail-preview-path.ts'

test('mails are listed at an unguessable address, for this machine only, and through no proxy', async () => {
  const product = await makeProduct()
  const { call, close } = makeRawCaller(product.url)
  try {
    const visitor = await asUser(product, undefined)
    const path = mailPreviewPath(product.services) ?? ''
    expect(path).toMatch(/^\/mail-preview\/[0-9a-f]{40}$/)
    const empty = await visitor.get(path)
    expect([empty.status, textOf(empty.html)]).toEqual([200, expect.stringContaining('No mails yet')])
    await makeMailer(product.services.config).send({
      to: 'a@example.com',
      subject: 'Hello <b>',
      text: 'A link <script>',
    })
    const page = await visitor.get(path)
    expect(textOf(page.html)).toContain('A link <script>')
    expect(textOf(page.html)).not.toContain('No mails yet')
    expect(page.html).not.toContain('A link <script>')
    const link = `${product.services.config.publicUrl}/reset-password/abc`
    const text = `${link}\nhttps://elsewhere.example/`
    await makeMailer(product.services.config).send({ to: 'a@example.com', subject: 'A link', text })
    const listed = await visitor.get(path)
    expect(listed.html).toContain(`<a href="${link}">${link}</a>`)
    expect(listed.html).not.toContain('href="https://elsewhere.example')
    for (const guess of ['/dev/mail', '/mail-preview', '/mail-preview/', `${path.slice(0, -1)}x`, `${path}/`])
      expect([guess, (await visitor.get(guess)).status]).toEqual([guess, 404])
    const { port } = new URL(product.url)
    const statusFor = async (...headers: [string, string][]) =>
      (await call({ method: 'GET', path, headers, body: undefined })).status
    for (const host of ['localhost', '127.0.0.1', '[::1]', 'LOCALHOST'])
      for (const end of ['', `:${port}`, ':1']) expect(await statusFor(['Host', host + end])).toBe(200)
    // What a page sees that has rebound its own name to this machine, and what a proxy passes on.
    for (const host of [`evil.example:${port}`, `localhost.evil.example:${port}`, '127.0.0.1.evil.example', '0.0.0.0'])
      expect([host, await statusFor(['Host', host])]).toEqual([host, 403])
    for (const name of ['X-Forwarded-For', 'X-Forwarded-Host', 'X-Forwarded-Proto', 'Forwarded', 'Via', 'X-Real-IP'])
      expect([name, await statusFor([name, '127.0.0.1'])]).toEqual([name, 403])
  } finally {
    close()
    await product.close()
  }
})

test.each([
  { PUBLIC_URL: 'https://queueup.example' },
  { PUBLIC_URL: 'http://localhost:3000' },
  { SMTP_URL: 'smtp://127.0.0.1:1' },
])('there is no such page with %o', async (env) => {
  const product = await makeProduct(env)
  const unset = await makeProduct({}, product)
  try {
    expect(mailPreviewPath(product.services)).toBeUndefined()
    const path = mailPreviewPath(unset.services) ?? ''
    expect((await (await asUser(unset, undefined)).get(path)).status).toBe(200)
    expect((await (await asUser(product, undefined)).get(path)).status).toBe(404)
  } finally {
    await unset.close()
    await product.close()
  }
})
