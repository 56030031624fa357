import { mustBeSound } from './answer-faults.ts'
import { mustBeDeclared } from './hold-to-document.ts'
import type { TestProduct } from './make.ts'

export interface ApiAnswer {
  status: number
  headers: Headers
  text: string
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into any answer.
  json: any
}

/** Calls the customer API with a key, or with none. */
export function asApiKey(
  product: Pick<TestProduct, 'url'> & Partial<Pick<TestProduct, 'issued'>>,
  secret: string | undefined,
) {
  product.issued?.addKey(secret)
  const call = async (
    method: string,
    path: string,
    options: { body?: unknown; headers?: Record<string, string> } = {},
  ): Promise<ApiAnswer> => {
    const body =
      options.body === undefined
        ? undefined
        : typeof options.body === 'string'
          ? options.body
          : JSON.stringify(options.body)
    const response = await fetch(`${product.url}/v1/api${path}`, {
      method,
      ...(body === undefined ? {} : { body }),
      headers: {
        ...(secret === undefined ? {} : { Authorization: `Bearer ${secret}` }),
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...options.headers,
      },
    })
    mustBeSound(response, `${method} ${path}`)
    const answer = await read(response)
    await mustBeDeclared(product.url, method, path, answer)
    product.issued?.mustNotBeIn(answer.text + headersOf(response), `the answer to ${method} ${path}`)
    return answer
  }
  return {
    call,
    get: (path: string, headers?: Record<string, string>) => call('GET', path, headers ? { headers } : {}),
    post: (path: string, body: unknown, headers?: Record<string, string>) =>
      call('POST', path, { body, ...(headers ? { headers } : {}) }),
  }
}

export interface PageAnswer {
  status: number
  headers: Headers
  html: string
  location: string | null
}

/** A person in a browser without JavaScript: forms, cookies, no following of redirects. */
export async function asUser(
  product: Pick<TestProduct, 'url'> & Partial<Pick<TestProduct, 'issued'>>,
  credentials: { email: string; password: string } | undefined,
) {
  let cookie = ''
  /** What stands between the password and the code. */
  let half = ''
  const send = async (
    method: string,
    path: string,
    form?: Record<string, string | string[]>,
    headers: Record<string, string> = {},
  ): Promise<PageAnswer> => {
    product.issued?.addTyped(form ?? {})
    const body = new URLSearchParams(
      Object.entries(form ?? {}).flatMap(([name, value]) => [value].flat().map((one) => [name, one])),
    )
    const response = await fetch(new URL(path, product.url), {
      method,
      redirect: 'manual',
      ...(method === 'POST' ? { body: body.toString() } : {}),
      headers: {
        ...(cookie || half ? { Cookie: [cookie, half].filter(Boolean).join('; ') } : {}),
        ...(method === 'POST' ? { 'Content-Type': 'application/x-www-form-urlencoded', Origin: product.url } : {}),
        ...headers,
      },
    })
    mustBeSound(response, `${method} ${path}`)
    for (const set of response.headers.getSetCookie()) {
      product.issued?.addSession(set)
      const pair = /Max-Age=0/i.test(set) ? '' : (set.split(';')[0] ?? '')
      if (set.includes('session_token')) cookie = pair
      if (set.includes('half_session')) half = pair
    }
    const html = await response.text()
    product.issued?.addShown(html)
    // A mailed token is the address of its own page, and the mail preview consists of mails.
    if (!path.startsWith('/mail-preview/'))
      product.issued?.mustNotBeIn(html + headersOf(response), `the answer to ${method} ${path}`, path + body)
    return { status: response.status, headers: response.headers, html, location: response.headers.get('location') }
  }
  if (credentials) {
    const signedIn = await send('POST', '/sign-in', credentials)
    if (signedIn.status !== 303) throw new Error(`could not sign in: ${signedIn.status} ${signedIn.html}`)
  }
  return {
    get: (path: string, headers?: Record<string, string>) => send('GET', path, undefined, headers),
    post: (path: string, form: Record<string, string | string[]> = {}, headers?: Record<string, string>) =>
      send('POST', path, form, headers),
    cookie: () => cookie,
  }
}

async function read(response: Response): Promise<ApiAnswer> {
  const text = await response.text()
  return {
    status: response.status,
    headers: response.headers,
    text,
    json: text && /json/.test(response.headers.get('content-type') ?? '') ? JSON.parse(text) : undefined,
  }
}

/** All but the cookies, which bring the session's token to whom it belongs. */
function headersOf({ headers }: Response): string {
  return JSON.stringify([...headers].filter(([name]) => name !== 'set-cookie'))
}
