import { createHash } from 'node:crypto'
import { z } from 'zod'
import { SessionLocks } from '../../platform/db/session-locks.ts'
import { AppError } from '../../platform/errors.ts'
import type { Services } from '../../platform/services.ts'
import type { ApiAnswer, ApiCall, ApiOperation } from '../api-keys/api-operation.ts'
import type { KeyGate } from '../api-keys/key-gate.ts'
import { type CreateThroughKey, SubscriberCreates } from './create-subscriber-through-key.ts'
import { type EmailAddress, emailAddressSchema } from './email-address.ts'
import { joinedAtSchema } from './joined-at.ts'
import { SubscriberLists } from './list-subscribers-through-key.ts'
import { pageLinks } from './page-links.ts'
import { readIdempotencyKey } from './read-idempotency-key.ts'
import { searchThroughKey } from './search-subscribers-through-key.ts'
import { subscriberJsonSchema, subscriberPageSchema } from './subscriber.ts'

const path = '/waitlists/{waitlist_id}/subscribers'
const pathParameters = { waitlist_id: 'The id of the waitlist, `wl_…`, from its page.' }

const replayHeader = { 'Idempotent-Replayed': '`true` where this is the first answer again.' }

const plainText = (text: string) => !text.includes('\0') && text.isWellFormed()

const listOperation = (lists: SubscriberLists): ApiOperation => ({
  operationId: 'listSubscribers',
  method: 'GET',
  path,
  summary: 'List subscribers',
  description: 'One page of a waitlist, in order of joining, oldest first. Pending and active people are both listed.',
  tag: 'Subscribers',
  scope: 'subscribers:read',
  pathParameters,
  query: {
    page: { description: 'The page, from 1.', read: 'integer', schema: z.int().min(1).default(1) },
    limit: { description: 'How many a page.', read: 'integer', schema: z.int().min(1).max(200).default(25) },
    q: {
      description:
        'Only people whose email address contains this, in any case, or is this in another spelling. `%`, `_` and `\\` are ordinary characters. On a waitlist of more than 20,000 people it needs three letters or digits in a row, or a complete email address, which is then compared as a whole. A search takes a further token for each 1,000 rows that it reads.',
      read: 'text',
      schema: z.string().max(254).refine(plainText, 'q must not hold NUL or lone surrogates.').default(''),
      example: 'example.com',
    },
  },
  requestHeaders: {},
  body: null,
  answers: {
    200: {
      description: 'The page. One past the end has no items and the true total.',
      schema: subscriberPageSchema,
      headers: { Link: '`first`, `prev`, `next` and `last`, each only where there is such a page (RFC 8288).' },
    },
  },
  errors: ['insufficient_scope', 'validation_failed', 'not_found'],
  async handle(call) {
    const { page, limit, q } = call.query as { page: number; limit: number; q: string }
    const waitlistId = call.path.waitlist_id ?? ''
    const listed =
      q === ''
        ? await lists.list({ key: call.key, waitlistId, page, limit })
        : await searchThroughKey(call, { waitlistId, page, limit, q })
    if (q === '') call.settle(listed)
    if (!listed.waitlist_found) throw noWaitlist()
    const link = pageLinks(`${call.services.config.publicUrl}/v1/api/waitlists/${waitlistId}/subscribers`, {
      page,
      limit,
      q,
      total: listed.total,
    })
    return {
      status: 200,
      body: `{"items":${listed.items},"total":${listed.total},"page":${page},"limit":${limit}}`,
      headers: link ? { Link: link } : {},
    }
  },
})

/** The customer API's operations on subscribers. */
export function subscriberOperations(services: Services, gate: KeyGate): ApiOperation[] {
  const subscribers = new SubscriberCreates(services, gate)
  const marks = new SessionLocks(services.db)
  services.onClose(() => marks.close())
  const createOperation: ApiOperation = {
    operationId: 'createSubscriber',
    method: 'POST',
    path,
    summary: 'Create a subscriber',
    description:
      'Signs a person up. Somebody who is on the list already keeps their place: the answer is 200 and the same subscriber. Send an `Idempotency-Key` to make a retry harmless.',
    tag: 'Subscribers',
    scope: 'subscribers:write',
    pathParameters,
    query: {},
    requestHeaders: {
      'Idempotency-Key': {
        description:
          '1 to 255 characters. The same key and body within 24 hours replays the first answer, with `Idempotent-Replayed: true`.',
        schema: z.string().min(1).max(255),
      },
    },
    body: z.strictObject({
      email: emailAddressSchema.meta({ description: 'Kept as it is typed.', example: 'ada@example.com' }),
      referral_code: z
        .string()
        .max(100)
        .optional()
        .describe("Who referred them. An unknown code is ignored, and so is one's own.")
        .meta({ example: 'K7M9PX' }),
      joined_at: joinedAtSchema(services.now).optional().meta({
        description: 'When they joined elsewhere, RFC 3339 with any offset. The place in line goes by arrival.',
        example: '2026-05-01T09:00:00Z',
      }),
    }),
    answers: {
      201: { description: 'The person is new on the list.', schema: subscriberJsonSchema, headers: replayHeader },
      200: {
        description: 'The person was on the list already, or has now been confirmed.',
        schema: subscriberJsonSchema,
        headers: replayHeader,
      },
    },
    errors: [
      'insufficient_scope',
      'unsupported_media_type',
      'request_timeout',
      'payload_too_large',
      'validation_failed',
      'not_found',
      'idempotency_mismatch',
      'idempotency_in_progress',
      'email_refused',
    ],
    async handle(call) {
      // A key that this process has not seen to be good takes no lock before it is: strangers hold up nobody.
      if (call.key.organisationId === undefined) call.settle(await call.gate.authorize(call.key, 'subscribers:write'))
      const idempotencyKey = await readKeyOrRefuse(call)
      const item = toCreate(call, idempotencyKey)
      if (idempotencyKey === null) return answer(call, subscribers, item)
      const answered = await marks.tryWith(`${item.key.subject} ${item.waitlistId} ${idempotencyKey}`, () =>
        answer(call, subscribers, item),
      )
      if (answered) return answered
      call.settle(await call.gate.authorize(call.key, 'subscribers:write'))
      throw new AppError(
        'idempotency_in_progress',
        'The first request with this Idempotency-Key is still running. Try again in a moment.',
        {
          headers: { 'Retry-After': '1' },
        },
      )
    },
  }
  return [listOperation(new SubscriberLists(services, gate)), createOperation]
}

/** A malformed header is told only to somebody whose key is good. */
async function readKeyOrRefuse(call: ApiCall): Promise<string | null> {
  try {
    return readIdempotencyKey(call.header('idempotency-key'))
  } catch (error) {
    call.settle(await call.gate.authorize(call.key, 'subscribers:write'))
    throw error
  }
}

function toCreate(call: ApiCall, idempotencyKey: string | null): CreateThroughKey {
  const body = call.body as { email: EmailAddress; referral_code?: string; joined_at?: Date }
  return {
    key: call.key,
    waitlistId: call.path.waitlist_id ?? '',
    email: body.email,
    // Only what can be a code goes to the database; any other is unknown, and so ignored.
    referralCode: /^[0-9A-Za-z]{6}$/.test(body.referral_code ?? '') ? (body.referral_code ?? null) : null,
    joinedAt: body.joined_at ?? null,
    idempotency:
      idempotencyKey === null
        ? null
        : { key: idempotencyKey, fingerprint: createHash('sha256').update(call.rawBody).digest() },
    meta: call.meta,
  }
}

async function answer(call: ApiCall, subscribers: SubscriberCreates, item: CreateThroughKey): Promise<ApiAnswer> {
  const created = await subscribers.create(item)
  const { attempt } = created
  // Of several requests whose key has too few tokens left, the first ones still have theirs.
  call.settle(attempt.outcome === 'rate' && created.result !== 'rate' ? { ...attempt, outcome: 'ok' } : attempt)
  if (created.result === 'waitlist') throw noWaitlist()
  if (created.result === 'mismatch') {
    throw new AppError(
      'idempotency_mismatch',
      'This Idempotency-Key was used with another body. Use a new key for a new request.',
    )
  }
  return {
    status: created.status,
    body: created.body,
    headers: created.result === 'replayed' ? { 'Idempotent-Replayed': 'true' } : {},
  }
}

function noWaitlist(): AppError {
  return new AppError('not_found', 'There is no such waitlist, or it is archived.')
}
