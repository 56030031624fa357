import { z } from 'zod'
import type { Scope } from '../src/features/api-keys/scopes.ts'
import type { RawAnswer } from './raw-call.ts'

type Json = Record<string, unknown>
type JsonSchema = Parameters<typeof z.fromJSONSchema>[0]

export interface DeclaredParameter {
  name: string
  in: 'path' | 'query' | 'header'
  schema: { type?: string; minimum?: number; maximum?: number; minLength?: number; maxLength?: number }
}

export interface DeclaredOperation {
  operationId: string
  method: string
  path: string
  scope: Scope | undefined
  parameters: DeclaredParameter[]
  body: { properties: Record<string, { type: string }>; required: string[] } | undefined
  answers: Map<number, { contentType: string; headers: Set<string>; schema: z.ZodType }>
}

interface Described {
  operationId: string
  security: { apiKey: Scope[] }[]
  parameters: DeclaredParameter[]
  requestBody?: { content: Record<string, { schema: unknown }> }
  responses: Record<string, { headers: Json; content: Record<string, { schema: Json }> }>
}

/** On every answer, declared or not: what HTTP itself and the product's floor bring. */
const everywhere = ['cache-control', 'connection', 'content-length', 'content-type', 'date', 'keep-alive']
const floor = [...everywhere, 'transfer-encoding', 'x-content-type-options']

/** The operations of /openapi.json, with their answers ready to be held against what comes. */
export async function readDeclaredApi(url: string): Promise<DeclaredOperation[]> {
  const document = (await (await fetch(`${url}/openapi.json`)).json()) as {
    paths: Record<string, Record<string, Described>>
    components: { schemas: Record<string, Json> }
  }
  const resolve = (schema: Json): Json => {
    const [, name] = /^#\/components\/schemas\/(\w+)$/.exec(String(schema.$ref)) ?? []
    return name === undefined ? schema : (document.components.schemas[name] ?? {})
  }
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, described]) => ({
      operationId: described.operationId,
      method: method.toUpperCase(),
      path,
      scope: described.security[0]?.apiKey[0],
      parameters: described.parameters,
      body: described.requestBody?.content['application/json']?.schema as DeclaredOperation['body'],
      answers: new Map(
        Object.entries(described.responses).map(([status, { headers, content }]) => {
          const [[contentType, body] = ['', { schema: {} }], ...more] = Object.entries(content)
          if (more.length > 0) throw new Error(`${described.operationId} ${status} has several content types`)
          const schema = resolve(body.schema)
          requireClosed(schema, `${described.operationId} ${status}`)
          const names = new Set([...floor, ...Object.keys(headers).map((name) => name.toLowerCase())])
          return [Number(status), { contentType, headers: names, schema: z.fromJSONSchema(schema as JsonSchema) }]
        }),
      ),
    })),
  )
}

/** @throws Error for an object that would let members through that it does not name. */
function requireClosed(schema: unknown, where: string): void {
  if (schema === null || typeof schema !== 'object') return
  const { type, additionalProperties } = schema as Json
  if (type === 'object' && additionalProperties !== false)
    throw new Error(`${where} is open: ${JSON.stringify(schema)}`)
  for (const [name, part] of Object.entries(schema)) requireClosed(part, `${where}/${name}`)
}

/** What is wrong with an answer to an operation, in words: status, content type, body, headers. */
export function findUndeclared(operation: DeclaredOperation, method: string, answer: RawAnswer): string[] {
  const declared = operation.answers.get(answer.status)
  if (!declared) return [`status ${answer.status} is not declared`]
  const found: string[] = []
  const header = (name: string) => answer.headers.get(name)
  const must = (name: string, value: string) => {
    if (header(name) !== value) found.push(`${name} is ${header(name)} instead of ${value}`)
  }
  must('content-type', declared.contentType)
  must('cache-control', 'no-store')
  must('x-content-type-options', 'nosniff')
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(header('request-id') ?? '')) found.push('there is no request id')
  for (const [name] of answer.headers) if (!declared.headers.has(name)) found.push(`header ${name} is not declared`)
  const needed: Record<number, string> = {
    401: 'www-authenticate',
    405: 'allow',
    409: 'retry-after',
    429: 'retry-after',
    503: 'retry-after',
  }
  const wanted = needed[answer.status]
  if (wanted && !header(wanted)) found.push(`${wanted} is missing`)
  if (answer.status >= 500 && answer.status !== 503) found.push('it is an error of ours')
  if (method === 'HEAD') return answer.text === '' ? found : [...found, 'an answer to HEAD has a body']
  const body = readJson(answer.text)
  const parsed = declared.schema.safeParse(body)
  if (!parsed.success) found.push(`the body is not as declared: ${z.prettifyError(parsed.error)}`)
  if (answer.status >= 400) {
    const { status, request_id, type, code } = (body ?? {}) as Json
    if (
      status !== answer.status ||
      request_id !== header('request-id') ||
      !String(type).endsWith(`/docs/errors/${code}`)
    )
      found.push('the problem does not agree with its answer')
  }
  return found
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
