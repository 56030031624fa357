import { createHash } from 'node:crypto'
import type { Stripe } from 'stripe'
import type { Config, StripeConfig } from '../config.ts'
import type { Actor, Organisation } from '../context.ts'
import { AppError } from '../errors.ts'
import { FairQueue } from '../process/fair-queue.ts'
import { requireTokens } from '../rate-limit/take-tokens.ts'
import type { BucketRule } from '../rate-limit/token-leases.ts'
import type { Services } from '../services.ts'

/** A page waits for an answer, so that patience is short; what matters is asked again by a job. */
const timeoutMs = 10_000

/**
 * Stripe answers 25 requests a second in test mode and 100 otherwise, all of one account together. A checkout asks up to eight
 * times.
 */
export const stripeRules = {
  organisation: { perSecond: 1 / 10, burst: 40 },
  server: { perSecond: 10, burst: 100 },
} satisfies Record<string, BucketRule>

/** Of one process. Stripe sends an event again that was refused here. */
export const stripeQueue = { concurrency: 8, maxWaiting: 500 }

const turns = new FairQueue({
  ...stripeQueue,
  refuse: () =>
    new AppError(
      'unavailable',
      'Stripe, which takes the payments here, is asked very often at the moment. Try again shortly.',
      { headers: { 'Retry-After': '5' } },
    ),
})

const clients = new WeakMap<StripeConfig, Promise<Stripe>>()

/** Loaded at the first use: the library takes a tenth of a second, and most installations never need it. */
function clientOf(config: StripeConfig): Promise<Stripe> {
  const known = clients.get(config)
  if (known) return known
  const { protocol, hostname, port } = new URL(config.apiUrl)
  const client = import('stripe').then(
    (library) =>
      new library.Stripe(config.secretKey, {
        protocol: protocol === 'http:' ? 'http' : 'https',
        host: hostname,
        port: port || (protocol === 'http:' ? 80 : 443),
        timeout: timeoutMs,
        maxNetworkRetries: 1,
        telemetry: false,
        appInfo: { name: 'QueueUp' },
      }),
  )
  clients.set(config, client)
  return client
}

/**
 * Talks to Stripe. Never inside a transaction: an answer may take seconds.
 * @throws AppError `rate_limited`, `unavailable` when Stripe is away, or refuses what we are or ask; `not_found` for what it does not have.
 */
export async function askStripe<T>(
  asking: Pick<Services, 'config' | 'db'> & { actor?: Actor; organisation?: Organisation },
  ask: (stripe: Stripe, prices: StripeConfig) => Promise<T>,
): Promise<T> {
  const { actor, organisation, config } = asking
  // Events and jobs come with no user: they wait for their turn, and are never refused for what users press.
  if (actor?.type === 'user' && organisation) await requireStripeTokens(asking, organisation.id)
  return turns.run({ key: organisation?.id ?? 'server', isPreferred: actor?.type !== 'user' }, () =>
    useStripe(config, ask),
  )
}

function requireStripeTokens(services: Pick<Services, 'db'>, organisationId: string): Promise<void> {
  return requireTokens(
    services,
    [
      { subject: `stripe:${organisationId}`, rule: stripeRules.organisation },
      { subject: 'server:stripe', rule: stripeRules.server },
    ],
    (wait) => `Stripe, which takes the payments here, was asked very often. Nothing was changed; try again in ${wait}.`,
  )
}

/** For what the library does without asking Stripe, such as checking a signature. @throws AppError `not_found`. */
export async function useStripe<T>(
  { stripe }: Pick<Config, 'stripe'>,
  ask: (stripe: Stripe, prices: StripeConfig) => Promise<T>,
): Promise<T> {
  if (!stripe) throw new AppError('not_found', 'No billing provider is configured here.')
  const client = await clientOf(stripe)
  try {
    return await ask(client, stripe)
  } catch (error) {
    throw asRefusal(error)
  }
}

/** Stripe's own errors hold answers and headers, which are nobody's business in a log: their words alone are passed on. */
function asRefusal(error: unknown): unknown {
  if (!(error instanceof Error) || !('type' in error) || !String(error.type).startsWith('Stripe')) return error
  const type = String(error.type)
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  const cause = new Error(`${type} ${code}: ${error.message}`)
  if (code === 'resource_missing') return new AppError('not_found', 'Stripe has no such thing.', { cause })
  if (type === 'StripeConnectionError' || type === 'StripeAPIError' || type === 'StripeRateLimitError')
    return new AppError(
      'unavailable',
      'Stripe, which takes the payments here, cannot be reached at the moment. Nothing was changed; try again shortly.',
      { headers: { 'Retry-After': '30' }, cause },
    )
  return new AppError(
    'unavailable',
    'Stripe, which takes the payments here, refused the request. Nothing was changed; whoever runs this server finds the reason in its log.',
    { cause },
  )
}

/** The same question asked again, after a crash or in a second tab, is the same request to Stripe. */
export function onlyOnce(kind: string, question: unknown): { idempotencyKey: string } {
  return { idempotencyKey: `${kind}-${createHash('sha256').update(JSON.stringify(question)).digest('hex')}` }
}
