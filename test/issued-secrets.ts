import type { Mail } from '../src/platform/mail/mailer.ts'

/** What a run of the product handed out once, and must show nowhere again. */
export class IssuedSecrets {
  readonly #secrets = new Set<string>()

  /** An API key, by what can be told apart from its shown prefix: all but the first four random characters. */
  addKey(secret: string | undefined): void {
    if (secret && /^qu_live_[0-9A-Za-z]{38}$/.test(secret)) this.#secrets.add(secret.slice(12))
  }

  /** Any other that must not be seen. */
  add(secret: string): void {
    this.#secrets.add(secret)
  }

  /** The session token of a cookie that is being set. */
  addSession(setCookie: string): void {
    const [, value = ''] = /session_token=([^;]*)/.exec(setCookie) ?? []
    const [token = ''] = decodeURIComponent(value).split('.')
    if (token.length > 15) this.#secrets.add(token)
  }

  /** The one-time tokens of links in mails. */
  addMailed(mails: Mail[]): void {
    for (const { text } of mails)
      for (const [, token = ''] of text.matchAll(/\/(?:reset-password|invitations|confirm-sign-up)\/([\w-]{16,})/g))
        this.#secrets.add(token)
  }

  /** @throws Error when one of them stands in `text`, but for those that `given` (the request itself) held. */
  mustNotBeIn(text: string, where: string, given = ''): void {
    for (const secret of this.#secrets)
      if (text.includes(secret) && !given.includes(secret))
        throw new Error(`a key or token that was handed out stands in ${where}: ${secret.slice(0, 6)}…`)
  }
}
