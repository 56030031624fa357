import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { readConfig } from '../config.ts'
import { makeMailer } from './make-mailer.ts'

const dataDir = mkdtempSync(join(tmpdir(), 'queueup-mail-'))
const outbox = join(dataDir, 'outbox')
afterEach(() => rmSync(outbox, { recursive: true, force: true }))

const mail = { to: 'ada@example.com', subject: 'Join Ada’s organisation', text: 'A link:\n\nhttp://localhost:3000/x\n' }

test('without SMTP_URL a mail is a file that only its owner can read', async () => {
  const { config } = readConfig({ DATA_DIR: dataDir })
  await makeMailer(config).send(mail)
  const [name = ''] = readdirSync(outbox)
  expect(name).toMatch(/\.eml$/)
  expect(statSync(outbox).mode & 0o777).toBe(0o700)
  expect(statSync(join(outbox, name)).mode & 0o777).toBe(0o600)
  const text = readFileSync(join(outbox, name), 'utf8')
  expect(text).toContain('To: ada@example.com\r\n')
  expect(text).toContain('From: QueueUp <no-reply@localhost>\r\n')
  expect(text).toContain('http://localhost:3000/x')
})

test('a long link in the outbox stays in one piece, and so do letters of any language', async () => {
  const { config } = readConfig({ DATA_DIR: dataDir })
  const link = `http://localhost:3000/reset-password/${'a1B2'.repeat(20)}`
  await makeMailer(config).send({ ...mail, text: `株式会社 invites you 🚀\n\n${link}\n` })
  const [name = ''] = readdirSync(outbox)
  const text = readFileSync(join(outbox, name), 'utf8')
  expect(text).toContain(`株式会社 invites you 🚀\r\n\r\n${link}\r\n`)
  expect(text).toContain('Content-Transfer-Encoding: 8bit\r\n')
})

test('names cannot add a header or a recipient', async () => {
  const { config } = readConfig({ DATA_DIR: dataDir })
  await makeMailer(config).send({ ...mail, subject: 'Join Eve\r\nBcc: everybody@example.com\r\n\r\nhello' })
  await makeMailer(config)
    .send({ ...mail, to: 'a@example.com, b@example.com' })
    .catch(() => undefined)
  for (const name of readdirSync(outbox)) {
    const [head = ''] = readFileSync(join(outbox, name), 'utf8').split('\r\n\r\n')
    expect(head).not.toMatch(/^Bcc:/im)
    expect(head).not.toMatch(/^To: a@example\.com, ?b@example\.com/im)
  }
})

/** As much of a mail server as one mail needs. */
async function startMailServer(refusal?: string): Promise<{ url: string; received: string[]; server: Server }> {
  const received: string[] = []
  const server = createServer((socket) => {
    let data: string | undefined
    socket.write('220 test\r\n')
    socket.on('error', () => undefined)
    socket.on('data', (chunk) => {
      const text = chunk.toString()
      if (data !== undefined) {
        data += text
        if (!data.endsWith('\r\n.\r\n')) return
        received.push(data)
        data = undefined
        socket.write('250 taken\r\n')
        return
      }
      for (const line of text.split('\r\n').filter(Boolean)) {
        received.push(line)
        if (line === 'DATA') {
          data = ''
          socket.write('354 go on\r\n')
        } else
          socket.write(
            line.startsWith('RCPT') && refusal ? `${refusal}\r\n` : line === 'QUIT' ? '221 bye\r\n' : '250 ok\r\n',
          )
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address() as { port: number }
  return { url: `smtp://127.0.0.1:${address.port}`, received, server }
}

test('with SMTP_URL it goes to the mail server, to its one recipient', async () => {
  const { url, received, server } = await startMailServer()
  const { config } = readConfig({ DATA_DIR: dataDir, SMTP_URL: url, MAIL_FROM: 'Queue <hello@queue.example>' })
  await makeMailer(config).send(mail)
  server.close()
  expect(received).toContain('MAIL FROM:<hello@queue.example>')
  expect(received.filter((line) => line.startsWith('RCPT'))).toEqual(['RCPT TO:<ada@example.com>'])
  expect(received.join('\n')).toContain('http://localhost:3000/x')
})

test('what the mail server refuses is an error, so that it is tried again, and names nobody', async () => {
  const { url, server } = await startMailServer('451 ada@example.com: later')
  const { config } = readConfig({ DATA_DIR: dataDir, SMTP_URL: url })
  await expect(makeMailer(config).send(mail)).rejects.toThrow(/^the mail server did not take a mail \(EENVELOPE 451\)$/)
  server.close()
  await expect(makeMailer(config).send(mail)).rejects.toThrow(/^the mail server did not take a mail \(\w+\)$/)
})
