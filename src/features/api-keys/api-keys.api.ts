import { z } from 'zod'
import type { ApiOperation } from './api-operation.ts'
import { scopeNames } from './scopes.ts'

/** The customer API's operation on keys: a key may ask about itself. */
export function apiKeyOperations(): ApiOperation[] {
  return [
    {
      operationId: 'getApiKey',
      method: 'GET',
      path: '/key',
      summary: 'Which key is this?',
      description: 'What the key in use is called and may do, and whether it works.',
      tag: 'API key',
      scope: null,
      pathParameters: {},
      query: {},
      requestHeaders: {},
      body: null,
      answers: {
        200: {
          description: 'The key works.',
          schema: z.strictObject({
            id: z.string().meta({ example: 'key_4fGh7Jk2mN8p' }),
            name: z.string().meta({ example: 'crm-sync' }),
            prefix: z.string().meta({ example: 'qu_live_AbCd…' }),
            scopes: z.array(z.enum(scopeNames)),
            organisation: z.strictObject({ id: z.string(), name: z.string() }),
            plan: z.string().meta({ example: 'pro' }),
            created_at: z.string().meta({ format: 'date-time' }),
          }),
        },
      },
      errors: [],
      async handle(call) {
        const attempt = await call.gate.authorize(call.key, null)
        call.settle(attempt)
        return {
          status: 200,
          body: JSON.stringify({
            id: attempt.key_id,
            name: attempt.key_name,
            prefix: attempt.key_prefix,
            scopes: attempt.scopes,
            organisation: { id: attempt.organisation_id, name: attempt.organisation_name },
            plan: attempt.plan,
            created_at: attempt.key_created_at.toISOString().replace(/\.\d+Z$/, 'Z'),
          }),
        }
      },
    },
  ]
}
