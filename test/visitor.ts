export interface Page {
  status: number
  /** Where a redirect leads. */
  location: string
  headers: Headers
  html: string
  /** What a person reads: no tags, entities decoded, white space folded. */
  text: string
}

type Fields = Record<string, string | string[]>

/** A person with a browser that runs no scripts: it keeps cookies and sends forms as browsers do. */
export class Visitor {
  readonly #origin: string
  readonly #cookies = new Map<string, string>()
  readonly #headers: Record<string, string>

  constructor(origin: string, headers: Record<string, string> = {}) {
    this.#origin = origin
    this.#headers = headers
  }

  get cookie(): string {
    return [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  }

  set cookie(text: string) {
    this.#cookies.clear()
    for (const part of text.split('; ').filter(Boolean)) this.#keep(part)
  }

  /** A second browser with the same cookies. */
  clone(): Visitor {
    const other = new Visitor(this.#origin, this.#headers)
    other.cookie = this.cookie
    return other
  }

  get(path: string, headers: Record<string, string> = {}): Promise<Page> {
    return this.#send(path, { headers })
  }

  post(path: string, fields: Fields = {}, headers: Record<string, string> = {}): Promise<Page> {
    const body = new URLSearchParams()
    for (const [name, value] of Object.entries(fields)) for (const one of [value].flat()) body.append(name, one)
    return this.#send(path, { method: 'POST', body, headers: { 'sec-fetch-site': 'same-origin', ...headers } })
  }

  /** Sends a request without deciding anything for the caller but cookies. */
  send(path: string, init: RequestInit): Promise<Page> {
    return this.#send(path, init)
  }

  /** Creates an account; answers the path of its organisation. */
  async signUp(email: string, password = 'a long enough password'): Promise<string> {
    const page = await this.post('/sign-up', { email, password })
    if (page.status !== 303) throw new Error(`sign-up answered ${page.status}: ${page.text}`)
    const home = await this.get('/')
    return home.location.replace(/\/waitlists$/, '')
  }

  async signIn(email: string, password = 'a long enough password'): Promise<Page> {
    return this.post('/sign-in', { email, password })
  }

  async #send(path: string, init: RequestInit): Promise<Page> {
    const response = await fetch(this.#origin + path, {
      ...init,
      redirect: 'manual',
      headers: {
        ...this.#headers,
        ...(this.cookie ? { cookie: this.cookie } : {}),
        ...(init.headers as Record<string, string>),
      },
    })
    for (const line of response.headers.getSetCookie()) this.#keep(line)
    const html = await response.text()
    const { status, headers } = response
    return { status, headers, html, location: headers.get('location') ?? '', text: readable(html) }
  }

  #keep(line: string): void {
    const [pair = '', ...attributes] = line.split('; ')
    const at = pair.indexOf('=')
    const name = pair.slice(0, at)
    if (attributes.some((attribute) => /^max-age=0$/i.test(attribute))) this.#cookies.delete(name)
    else this.#cookies.set(name, pair.slice(at + 1))
  }
}

function readable(html: string): string {
  return html
    .replace(/<head>.*?<\/head>/s, '')
    .replace(/<[^>]+>/g, ' ')
    .replace(/&#39;/g, "'")
    .replace(/&quot;/g, '"')
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&amp;/g, '&')
    .replace(/\s+/g, ' ')
    .trim()
}
