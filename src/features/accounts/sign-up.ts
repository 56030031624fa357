import { z } from 'zod'
import { AppError } from '../../platform/errors.ts'
import { parseInput } from '../../platform/parse-input.ts'
import { prefixBuckets } from '../../platform/rate-limit/network-prefixes.ts'
import type { RequestMeta } from '../../platform/request-meta.ts'
import type { Services } from '../../platform/services.ts'
import { createOrganisation, firstPlan } from '../organisations/create-organisation.ts'
import { firstOrganisationName } from '../organisations/organisation-name.ts'
import {
  createPerson,
  isTaken,
  type NewPerson,
  passwordSchema,
  personEmailSchema,
  preparePerson,
} from './create-person.ts'
import { knownTurn, strangersTurn } from './password-hash.ts'
import { isSignUpConfirmed, requestSignUp } from './request-sign-up.ts'
import { type Credentials, type SignedIn, signIn } from './sign-in.ts'
import { signInBrowser } from './sign-in-browser.ts'
import { formRules } from './sign-in-limits.ts'
import { requireStrangerTokens, strangerBucket } from './stranger-ceilings.ts'

export function byInvitationOnly(): AppError {
  return new AppError('forbidden', 'New accounts are by invitation here. Ask whoever runs this server to invite you.')
}

const signUpInput = z.object({ email: personEmailSchema, password: passwordSchema })

/**
 * Makes a person, and their first organisation unless they were invited to one, and signs them in; or, where accounts are
 * confirmed, has a mail sent and tells nobody whether the address has an account. Whoever knows the password of one comes in.
 * @throws AppError `validation_failed`, `rate_limited`, `forbidden` where strangers may not sign up.
 */
export async function signUp(
  services: Services,
  given: Credentials,
  meta: RequestMeta,
  invitedAs: string | undefined,
): Promise<SignedIn | { mailedTo: string; cookie: string }> {
  const { email, password } = parseInput(signUpInput, given)
  const isInvited = invitedAs === email
  if (services.config.signup === 'invite' && !isInvited) throw byInvitationOnly()
  const ceiling = isInvited ? [] : [strangerBucket('signUp')]
  await requireStrangerTokens(services, [...prefixBuckets('sign-up', meta.ip, formRules), ...ceiling])
  const mailed = !isInvited && (await isSignUpConfirmed(services))
  const known = mailed ? await signIn(services, given, meta).catch(ignoreRefusal) : undefined
  if (known) return known
  const turn = isInvited ? knownTurn(email) : strangersTurn(meta.ip)
  const prepared = await preparePerson(email, password, { ...turn, signal: given.signal })
  if (mailed) return { mailedTo: email, cookie: await requestSignUp(services, prepared, meta) }
  try {
    return { cookies: await makeAccount(services, prepared, meta, { ...given, isInvited }) }
  } catch (error) {
    // The form was sent twice, or the account forgotten.
    const signedIn = isTaken(error) ? await signIn(services, given, meta).catch(ignoreRefusal) : undefined
    if (signedIn) return signedIn
    throw error
  }
}

/**
 * Makes a person, and their first organisation unless they were invited to one: both or neither. Answers the cookies that
 * sign them in. @throws AppError `validation_failed` where there is an account with that address.
 */
export async function makeAccount(
  services: Services,
  prepared: NewPerson,
  meta: RequestMeta,
  how: { isInvited: boolean; isConfirmed?: boolean; cookies: string | undefined },
): Promise<string[]> {
  const { email, passwordHash } = prepared
  return services.db.kysely.transaction().execute(async (transaction) => {
    const person = await createPerson(transaction, prepared, how.isInvited || how.isConfirmed === true)
    if (!how.isInvited) {
      const actor = { type: 'user', id: person.id, name: person.name, role: 'owner' } as const
      const organisation = { name: firstOrganisationName(email), plan: firstPlan(services), owner: person }
      await createOrganisation(services, transaction, organisation, actor, meta)
    }
    const proven = { userId: person.id, passwordHash, credentialsVersion: 0 }
    const cookies = await signInBrowser(services, transaction, proven, { cookies: how.cookies, meta })
    if (!cookies) throw new Error('a person who was just made has no password')
    return cookies
  })
}

function ignoreRefusal(error: unknown): undefined {
  if (!(error instanceof AppError) || error.status >= 500) throw error
}
