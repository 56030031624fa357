import { AppError } from '../../platform/errors.ts'
import { networkPrefixes, type PrefixRules, prefixBuckets } from '../../platform/rate-limit/network-prefixes.ts'
import { requireTokens } from '../../platform/rate-limit/take-tokens.ts'
import type { RequestMeta } from '../../platform/request-meta.ts'
import type { Services } from '../../platform/services.ts'

/**
 * Guessing is slowed by where it comes from, never by whom it is aimed at alone: nobody can lock another person out. Ten
 * sign-ins a minute from one address always pass.
 */
export const signInRules = {
  /** At one account. */
  account: {
    host: { perSecond: 1 / 4, burst: 30 },
    network: { perSecond: 1 / 4, burst: 90 },
    provider: { perSecond: 1 / 2, burst: 100 },
  },
  /** At all accounts together. */
  all: {
    host: { perSecond: 1 / 2, burst: 120 },
    network: { perSecond: 4, burst: 960 },
    provider: { perSecond: 16, burst: 3_840 },
  },
} satisfies Record<string, PrefixRules>

/** Each of the forms that strangers send: sign-up, forgotten password, a new email, links that lead nowhere. */
export const formRules: PrefixRules = {
  host: { perSecond: 1 / 5, burst: 60 },
  network: { perSecond: 1 / 3, burst: 90 },
  provider: { perSecond: 1 / 2, burst: 300 },
}

/** Lets a sign-in try a password from a browser that the user does not trust. @throws AppError `rate_limited`. */
export async function requireSignInToken(services: Services, email: string, { ip }: RequestMeta): Promise<void> {
  const pair = (where: string) => `sign-in:${services.secrets.hash('token', `${where} ${email}`).toString('base64url')}`
  const atAccount = networkPrefixes(ip).map(({ reach, prefix }) => ({
    subject: pair(prefix),
    rule: signInRules.account[reach],
  }))
  await requireTokens(services, [...atAccount, ...prefixBuckets('sign-in', ip, signInRules.all)])
}

/**
 * Follows a mailed link. Whoever tries out many that lead nowhere (`not_found`) is slowed; a good one always works.
 * @throws AppError `rate_limited`, and whatever `follow` throws.
 */
export async function followLink<T>(services: Services, { ip }: RequestMeta, follow: () => Promise<T>): Promise<T> {
  try {
    return await follow()
  } catch (error) {
    if (error instanceof AppError && error.code === 'not_found')
      await requireTokens(services, prefixBuckets('link', ip, formRules))
    throw error
  }
}
