import type { z } from 'zod'
import type { ErrorCode } from '../../platform/errors.ts'
import type { RequestMeta } from '../../platform/request-meta.ts'
import type { Services } from '../../platform/services.ts'
import type { ApiKeyAttempt } from './api-key-attempt.ts'
import type { KeyGate, PresentedKey } from './key-gate.ts'
import type { Scope } from './scopes.ts'

export interface ApiParameter {
  description: string
  schema: z.ZodType
  /** How the text is read before the schema sees it. Integers are plain digits, 15 at most. */
  read: 'integer' | 'text'
  example?: string | number
}

/** One request as a handler gets it: well-formed and valid, its key not yet checked. */
export interface ApiCall {
  services: Services
  gate: KeyGate
  key: PresentedKey
  meta: RequestMeta
  path: Record<string, string>
  query: Record<string, unknown>
  body: unknown
  rawBody: Buffer
  header(name: string): string | undefined
  /**
   * Aborted when the client closes the connection before it is answered. A function: a getter in an object literal would give
   * each call a hidden class of its own, and collecting them costs 9 µs a request.
   */
  signal(): AbortSignal
  /** Ends the call with the right refusal unless the database found the key good for the operation's scope. */
  settle(attempt: ApiKeyAttempt): void
  /** Takes tokens for what the request has cost beyond its own one. */
  charge(attempt: ApiKeyAttempt, tokens: number): Promise<void>
}

export interface ApiAnswer {
  status: number
  /** JSON, as text. */
  body: string
  headers?: Record<string, string>
}

/**
 * One operation of the customer API: the one declaration that routes, validates and documents it. The handler asks the
 * database once, about the key and the data in the same breath, and settles the key before it answers.
 */
export interface ApiOperation {
  operationId: string
  method: 'GET' | 'POST'
  /** Below `/v1/api`, with `{parameters}`. */
  path: string
  summary: string
  description: string
  tag: string
  /** Null: any key may. */
  scope: Scope | null
  pathParameters: Record<string, string>
  query: Record<string, ApiParameter>
  requestHeaders: Record<string, { description: string; schema: z.ZodType }>
  body: z.ZodType | null
  answers: Record<number, { description: string; schema: z.ZodType; headers?: Record<string, string> }>
  /** Beyond what every operation may answer. */
  errors: ErrorCode[]
  handle(call: ApiCall): Promise<ApiAnswer>
}
