import type { Mail } from '../src/platform/mail/mailer.ts'

const wholeKey = /^qu_live_[0-9A-Za-z]{38}$/
/** Where a one-time token stands in a mail, and belongs. */
const mailedToken = /\/(?:reset-password|invitations|confirm-sign-up|confirm-email)\/([\w-]{16,})/g

/** What a run of the product handed out once, and must show nowhere again. */
export class IssuedSecrets {
  readonly #secrets = new Set<string>()
  readonly #keys = new Set<string>()

  /** An API key, by what can be told apart from its shown prefix: all but the first four random characters. */
  addKey(secret: string | undefined): void {
    if (secret && wholeKey.test(secret)) this.#keys.add(secret.slice(12))
  }

  /** What a page shows more than once while it is set up: it must be in no table and no log line all the same. */
  readonly #sealed = new Set<string>()

  /** The secret of somebody's app and their recovery codes, from the page that shows them. */
  addShown(html: string): void {
    const secret = /id="totp-secret" value="([A-Z2-7]+)"/.exec(html)?.[1]
    const codes = html.match(/\b[0-9a-z]{4}(?:-[0-9a-z]{4}){3}\b/g) ?? []
    for (const one of [...(secret ? [secret] : []), ...codes, ...codes.map((code) => code.replaceAll('-', ''))])
      this.#sealed.add(one)
  }

  /** A password as somebody typed it: pages are not searched for it, as it may be any word. */
  addTyped(fields: Record<string, string | string[]>): void {
    for (const [name, value] of Object.entries(fields))
      if (/password/i.test(name) && typeof value === 'string' && value.length > 11) this.#sealed.add(value)
  }

  /** @throws Error when one of all of them stands in what a process leaves behind. */
  mustNotBeKept(text: string, where: string): void {
    this.mustNotBeIn(text, where)
    for (const secret of this.#sealed)
      if (text.includes(secret))
        throw new Error(`a password or a secret of two-factor sign-in stands in ${where}: ${secret.slice(0, 4)}…`)
  }

  /**
   * @throws Error when one of them stands in a file of the database, which may be large: of keys any whole one is found, by its
   * form, whoever was given it.
   */
  mustNotBeInDatabaseFile(bytes: Buffer, where: string): void {
    for (let at = bytes.indexOf('qu_live_'); at >= 0; at = bytes.indexOf('qu_live_', at + 1))
      if (wholeKey.test(bytes.toString('latin1', at, at + 46))) throw new Error(`a whole key stands in ${where}`)
    for (const secret of [...this.#secrets, ...this.#sealed])
      if (bytes.includes(secret)) throw new Error(`a secret stands in ${where}: ${secret.slice(0, 4)}…`)
  }

  /** Any other that must not be seen. */
  add(secret: string): void {
    this.#secrets.add(secret)
  }

  /** The session token of a cookie that is being set. */
  addSession(setCookie: string): void {
    const [, value = ''] = /(?:session_token|trusted_device)=([^;]*)/.exec(setCookie) ?? []
    const [token = ''] = decodeURIComponent(value).split('.')
    if (token.length > 15) this.#secrets.add(token)
  }

  /** The one-time tokens of links in mails. */
  addMailed(mails: readonly Pick<Mail, 'text'>[]): void {
    for (const { text } of mails) for (const [, token = ''] of text.matchAll(mailedToken)) this.#secrets.add(token)
  }

  /** @throws Error when one of them stands in `text`, but for those that `given` (the request itself) held. */
  mustNotBeIn(text: string, where: string, given = ''): void {
    for (const secret of [...this.#keys, ...this.#secrets])
      if (text.includes(secret) && !given.includes(secret))
        throw new Error(`a key or token that was handed out stands in ${where}: ${secret.slice(0, 6)}…`)
  }
}

/** A mail without the token of its link. */
export function withoutMailedTokens(mail: string): string {
  return mail.replace(mailedToken, '')
}

/** @throws Error when an e-mail address stands in a log. */
export function mustNameNobody(log: string, where: string): void {
  const [address] = /[\w.+-]+@[\w-]+(?:\.[\w-]+)+/.exec(log) ?? []
  if (address) throw new Error(`somebody's address stands in ${where}: ${address}`)
}
