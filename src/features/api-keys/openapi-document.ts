import { z } from 'zod'
import { type ErrorCode, errorCatalogue, fieldProblemCodes } from '../../platform/errors.ts'
import type { ApiOperation } from './api-operation.ts'

type Json = Record<string, unknown>

/** What any operation may answer besides its own. */
const commonErrors: ErrorCode[] = [
  'invalid_request',
  'unauthenticated',
  'invalid_api_key',
  'feature_not_allowed',
  'public_url_not_set',
  'rate_limited',
  'method_not_allowed',
  'internal',
  'unavailable',
]

const answerHeaders: Record<string, string> = {
  'Request-Id': 'Names this request in our log. Yours is taken over where it matches `^[A-Za-z0-9_-]{1,64}$`.',
  'RateLimit-Policy': 'The size of the bucket and the seconds that refill it (IETF draft).',
  RateLimit: 'The tokens left, and the seconds to the next one where there is none (IETF draft).',
}

const challenge = { 'WWW-Authenticate': 'What is wrong with the credentials, where it is them (RFC 6750).' }
const retryAfter = { 'Retry-After': 'How many seconds to wait.' }

/** What some refusals bring besides. */
const refusalHeaders: Record<number, Record<string, string>> = {
  400: challenge,
  401: challenge,
  403: challenge,
  405: { Allow: 'The methods that the address takes.' },
  409: retryAfter,
  429: retryAfter,
  503: retryAfter,
}

/** The customer API as OpenAPI 3.1, made from the declarations that route and validate its requests. */
export function openApiDocument(operations: readonly ApiOperation[], publicUrl: string): Json {
  const paths: Record<string, Json> = {}
  for (const operation of operations) {
    const path = `/v1/api${operation.path}`
    paths[path] = { ...paths[path], [operation.method.toLowerCase()]: describe(operation) }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'QueueUp customer API',
      version: '1',
      description: 'Waitlists for your backend. Authenticate with an API key from the API keys page.',
    },
    servers: [{ url: publicUrl }],
    paths,
    components: {
      securitySchemes: {
        apiKey: { type: 'http', scheme: 'bearer', description: 'An API key: `Authorization: Bearer qu_live_…`.' },
      },
      schemas: { Problem: toJsonSchema(problemSchema(publicUrl)) },
      headers: describeHeaders(answerHeaders),
    },
  }
}

function describe(operation: ApiOperation): Json {
  const codes = [...new Set([...commonErrors, ...operation.errors])]
  const statuses = [...new Set(codes.map((code) => errorCatalogue[code].status))].sort()
  return {
    operationId: operation.operationId,
    summary: operation.summary,
    description: operation.description,
    tags: [operation.tag],
    security: [{ apiKey: operation.scope ? [operation.scope] : [] }],
    parameters: [
      ...Object.entries(operation.pathParameters).map(([name, description]) => ({
        name,
        in: 'path',
        required: true,
        description,
        schema: { type: 'string' },
      })),
      ...Object.entries(operation.query).map(([name, { description, schema, example }]) => ({
        name,
        in: 'query',
        description,
        schema: toJsonSchema(schema),
        ...(example === undefined ? {} : { example }),
      })),
      ...Object.entries(operation.requestHeaders).map(([name, { description, schema }]) => ({
        name,
        in: 'header',
        description,
        schema: toJsonSchema(schema),
      })),
    ],
    ...(operation.body
      ? { requestBody: { required: true, content: { 'application/json': { schema: toJsonSchema(operation.body) } } } }
      : {}),
    responses: {
      ...Object.fromEntries(
        Object.entries(operation.answers).map(([status, { description, schema, headers = {} }]) => [
          status,
          {
            description,
            headers: { ...headerReferences(), ...describeHeaders(headers) },
            content: { 'application/json': { schema: toJsonSchema(schema) } },
          },
        ]),
      ),
      ...Object.fromEntries(
        statuses.map((status) => [
          status,
          {
            description: codes
              .filter((code) => errorCatalogue[code].status === status)
              .map((code) => `\`${code}\`: ${errorCatalogue[code].title}.`)
              .join(' '),
            headers: { ...headerReferences(), ...describeHeaders(refusalHeaders[status] ?? {}) },
            content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
          },
        ]),
      ),
    },
  }
}

function headerReferences(): Json {
  return Object.fromEntries(Object.keys(answerHeaders).map((name) => [name, { $ref: `#/components/headers/${name}` }]))
}

function describeHeaders(headers: Record<string, string>): Json {
  const described = Object.entries(headers).map(([name, description]) => [
    name,
    { description, schema: { type: 'string' } },
  ])
  return Object.fromEntries(described)
}

/** Transforms are documented by what goes in. */
function toJsonSchema(schema: z.ZodType): Json {
  const { $schema: _, ...json } = z.toJSONSchema(schema, {
    io: 'input',
    target: 'draft-2020-12',
    unrepresentable: 'any',
  })
  return json
}

function problemSchema(publicUrl: string) {
  const codes = Object.keys(errorCatalogue) as ErrorCode[]
  return z.strictObject({
    type: z.string().describe(`A page of the guide: \`${publicUrl}/docs/errors/{code}\`.`),
    title: z.string(),
    status: z.int(),
    detail: z.string().describe('Says what to do about it.'),
    code: z.enum(codes),
    request_id: z.string(),
    errors: z
      .array(
        z.strictObject({
          pointer: z.string().optional().describe('JSON Pointer fragment of the body member.'),
          parameter: z.string().optional().describe('Name of the query parameter.'),
          code: z.enum(fieldProblemCodes),
          detail: z.string(),
        }),
      )
      .optional()
      .describe('Every problem, not only the first.'),
  })
}
