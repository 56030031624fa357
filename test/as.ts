import type { TestApp } from './start-app.ts'

export interface ApiAnswer {
  status: number
  headers: Headers
  text: string
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into any answer.
  json: any
}

/** Calls the customer API with a key, or with none. */
export function asApiKey(app: Pick<TestApp, 'url'>, secret: string | undefined) {
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
    const response = await fetch(`${app.url}/v1/api${path}`, {
      method,
      ...(body === undefined ? {} : { body }),
      headers: {
        ...(secret === undefined ? {} : { Authorization: `Bearer ${secret}` }),
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...options.headers,
      },
    })
    return read(response)
  }
  return {
    call,
    get: (path: string, headers?: Record<string, string>) => call('GET', path, headers ? { headers } : {}),
    post: (path: string, body: unknown, headers?: Record<string, string>) =>
      call('POST', path, { body, ...(headers ? { headers } : {}) }),
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
