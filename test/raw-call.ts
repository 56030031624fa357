import { Agent, type OutgoingHttpHeaders, request } from 'node:http'

export interface RawRequest {
  method: string
  /** As it goes over the wire: nothing is normalised. */
  path: string
  /** Pairs, so that a name may come twice; one of them may be another `Host`. */
  headers: [string, string][]
  body: Buffer | undefined
}

export interface RawAnswer {
  status: number
  headers: Headers
  text: string
}

/** Sends requests exactly as they are, one after the other over a few connections; `close` ends those. */
export function makeRawCaller(url: string) {
  const agent = new Agent({ keepAlive: true, maxSockets: 8 })
  const { hostname, port, host } = new URL(url)
  const call = ({ method, path, headers, body }: RawRequest) =>
    new Promise<RawAnswer>((resolve, reject) => {
      const length: [string, string][] = body === undefined ? [] : [['Content-Length', String(body.length)]]
      const named: [string, string][] = headers.some(([name]) => name === 'Host') ? [] : [['Host', host]]
      const flat = [...named, ...headers, ...length].flat() as unknown as OutgoingHttpHeaders
      const sent = request({ agent, hostname, port, method, path, headers: flat }, (answer) => {
        const chunks: Buffer[] = []
        answer.on('data', (chunk: Buffer) => chunks.push(chunk))
        answer.on('error', reject)
        answer.on('end', () => {
          const received = new Headers()
          for (let i = 0; i < answer.rawHeaders.length; i += 2)
            received.append(answer.rawHeaders[i] ?? '', answer.rawHeaders[i + 1] ?? '')
          resolve({ status: answer.statusCode ?? 0, headers: received, text: Buffer.concat(chunks).toString('utf8') })
        })
      })
      sent.on('error', reject)
      sent.end(body)
    })
  return { call, close: () => agent.destroy() }
}
