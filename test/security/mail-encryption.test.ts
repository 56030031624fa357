import { type AddressInfo, connect, createServer, type Server } from 'node:net'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'
import { afterEach, expect, test } from 'vitest'
import { readConfig } from '../../src/platform/config.ts'
import { makeMailer } from '../../src/platform/mail/make-mailer.ts'
import { asUser } from '../as.ts'
import { makeOrganisation, makeProduct } from '../make.ts'
import { mailsTo } from '../people.ts'

const password = 'smtp-password-of-this-test'
const mail = { to: 'ada@example.com', subject: 'A link', text: 'http://localhost:3000/reset-password/abc' }
const closing: (() => void)[] = []
afterEach(() => {
  for (const close of closing.splice(0)) close()
})

/** A mail server that notes who signed in and what it received. */
async function startMailServer(options: SMTPServerOptions) {
  const received: string[] = []
  const server = new SMTPServer({
    authOptional: true,
    allowInsecureAuth: true,
    onAuth(auth, _, done) {
      received.push(`AUTH ${auth.password}`)
      done(null, { user: auth.username })
    },
    onData(stream, _, done) {
      stream.on('data', (chunk) => received.push(String(chunk)))
      stream.on('end', () => done())
    },
    ...options,
  })
  server.on('error', () => undefined)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  closing.push(() => server.close())
  return { port: (server.server.address() as AddressInfo).port, received }
}

/** Stands before a mail server, hides that it offers STARTTLS, and notes what it sees. */
async function strip(port: number) {
  const seen: string[] = []
  const relay: Server = createServer((client) => {
    const server = connect(port, '127.0.0.1')
    for (const socket of [client, server]) socket.on('error', () => undefined)
    client.on('data', (chunk) => {
      seen.push(String(chunk))
      if (/^STARTTLS/i.test(String(chunk))) client.write('502 5.5.1 not implemented\r\n')
      else server.write(chunk)
    })
    server.on('data', (chunk) => client.write(String(chunk).replace(/^250-STARTTLS\r\n/im, '')))
    client.on('close', () => server.destroy())
    server.on('close', () => client.end())
  })
  await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve))
  closing.push(() => relay.close())
  return { port: (relay.address() as AddressInfo).port, seen }
}

const urlOf = (host: string, port: number, query = '') => `smtp://mailuser:${password}@${host}:${port}${query}`
const send = (url: string) => makeMailer(readConfig({ SMTP_URL: url, DATA_DIR: '/nonexistent' }).config).send(mail)
const remedy = /^the mail server did not take a mail \(\w+( \d+)?\)\. It must offer STARTTLS with a valid certificate/
/** This machine under an address that is not one of its loopback names. */
const elsewhere = '0.0.0.0'

test('a mail server on another machine without STARTTLS is told neither the password nor a mail, whatever the URL asks', async () => {
  const { port, received } = await startMailServer({ disabledCommands: ['STARTTLS'] })
  for (const query of ['', '?requireTLS=false', '?ignoreTLS=true', '?opportunisticTLS=true', '?secure=false'])
    await expect(send(urlOf(elsewhere, port, query))).rejects.toThrow(remedy)
  expect(received).toEqual([])
  await send(urlOf('127.0.0.1', port))
  expect(received.join()).toContain('AUTH')
  expect(received.join()).toContain('/reset-password/abc')
})

test('nor is an attacker on the way who hides that the server offers it', async () => {
  const { port, received } = await startMailServer({})
  const stripping = await strip(port)
  await expect(send(urlOf(elsewhere, stripping.port))).rejects.toThrow(remedy)
  expect(received).toEqual([])
  expect(stripping.seen.join('')).toMatch(/^EHLO [^\r\n]+\r\nSTARTTLS\r\n/)
  expect(stripping.seen.join('')).not.toMatch(/AUTH|MAIL FROM/i)
})

test('nor is a server whose certificate nobody vouches for', async () => {
  const { port, received } = await startMailServer({})
  await expect(send(urlOf(elsewhere, port))).rejects.toThrow(remedy)
  expect(received).toEqual([])
})

test('the mail stays queued and the log says what to set', async () => {
  const { port, received } = await startMailServer({ disabledCommands: ['STARTTLS'] })
  const product = await makeProduct()
  try {
    const { owner } = await makeOrganisation(product)
    product.services.mailer.send = makeMailer(readConfig({ SMTP_URL: urlOf(elsewhere, port) }).config).send
    await (await asUser(product, undefined)).post('/forgot-password', { email: owner.email })
    // First the reset is prepared, then its mail is sent.
    await mailsTo(product, owner.email)
    const queued = await product.database.owner.kysely.selectFrom('queued_jobs').select(['name', 'attempts']).execute()
    expect(queued).toEqual([{ name: 'send_mail', attempts: 1 }])
    expect(product.logged()).toContain('or set SMTP_URL to smtps://')
    expect(received).toEqual([])
  } finally {
    await product.close()
  }
})
