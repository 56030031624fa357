import { expect, test } from 'vitest'
import { asUser } from '../../../test/as.ts'
import { makeProduct } from '../../../test/make.ts'
import { textOf } from '../../../test/people.ts'
import { makeMailer } from '../mail/make-mailer.ts'

test('mails are listed for whoever tries the product on their own machine, and through no proxy', async () => {
  const product = await makeProduct()
  try {
    const visitor = await asUser(product, undefined)
    const empty = await visitor.get('/dev/mail')
    expect([empty.status, textOf(empty.html)]).toEqual([200, expect.stringContaining('No mails yet')])
    await makeMailer(product.services.config).send({
      to: 'a@example.com',
      subject: 'Hello <b>',
      text: 'A link <script>',
    })
    const page = await visitor.get('/dev/mail')
    expect(textOf(page.html)).toContain('A link <script>')
    expect(textOf(page.html)).not.toContain('No mails yet')
    expect(page.html).not.toContain('A link <script>')
    const link = `${product.services.config.publicUrl}/reset-password/abc`
    const text = `${link}\nhttps://elsewhere.example/`
    await makeMailer(product.services.config).send({ to: 'a@example.com', subject: 'A link', text })
    const listed = await visitor.get('/dev/mail')
    expect(listed.html).toContain(`<a href="${link}">${link}</a>`)
    expect(listed.html).not.toContain('href="https://elsewhere.example')
    for (const name of ['X-Forwarded-For', 'X-Forwarded-Host', 'X-Forwarded-Proto', 'Forwarded']) {
      expect((await visitor.get('/dev/mail', { [name]: '127.0.0.1' })).status).toBe(404)
    }
  } finally {
    await product.close()
  }
})

test.each([{ PUBLIC_URL: 'https://queueup.example' }, { SMTP_URL: 'smtp://127.0.0.1:1' }])(
  'there is no such page with %o',
  async (env) => {
    const product = await makeProduct(env)
    try {
      expect((await (await asUser(product, undefined)).get('/dev/mail')).status).toBe(404)
    } finally {
      await product.close()
    }
  },
)
