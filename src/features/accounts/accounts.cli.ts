import type { CommandResult } from '../../platform/cli/run-command.ts'
import { AppError } from '../../platform/errors.ts'
import { parseInput } from '../../platform/parse-input.ts'
import type { Services } from '../../platform/services.ts'
import { takeAwayTwoFactor } from './change-two-factor.ts'
import { findPerson, personEmailSchema } from './create-person.ts'
import { makeResetLink } from './reset-links.ts'

/** A one-time link to choose a new password, for whoever runs the server to pass on. */
export async function passwordReset(services: Services, options: { email: string }): Promise<CommandResult> {
  const email = parseInput(personEmailSchema, options.email)
  const url = await makeResetLink(services, email, { isMailed: false })
  if (url === undefined) throw new AppError('not_found', `There is no account with ${email}.`)
  return { json: { url }, text: `${url}\nThe link works once, for an hour.` }
}

/** The way back in for somebody who has neither their app nor a recovery code, once whoever runs the server knows them. */
export async function twoFactorOff(services: Services, options: { email: string }): Promise<CommandResult> {
  const email = parseInput(personEmailSchema, options.email)
  const person = await findPerson(services.db.kysely, email)
  if (!person) throw new AppError('not_found', `There is no account with ${email}.`)
  const removed = await takeAwayTwoFactor(services, person)
  return {
    json: { email, two_factor: false, changed: removed },
    text: removed ? `Two-factor sign-in of ${email} is off.` : `Two-factor sign-in of ${email} was off already.`,
  }
}
