import type { Mail } from '../../platform/mail/mailer.ts'
import type { RequestMeta } from '../../platform/request-meta.ts'
import type { Services } from '../../platform/services.ts'
import { deviceInWords } from './device-in-words.ts'

/** What happened to an account, for the person whose it is. */
const events = {
  password: {
    subject: 'Your QueueUp password was changed',
    text: 'The password of your QueueUp account was changed. You were signed out everywhere else.',
  },
  deleted: {
    subject: 'Your QueueUp account is deleted',
    text: 'Your QueueUp account was deleted, and you have left every organisation.',
  },
  twoFactorOn: {
    subject: 'Two-factor sign-in is on',
    text: 'Two-factor sign-in was turned on for your QueueUp account: signing in asks for a code from your app from now on. You were signed out everywhere else.',
  },
  twoFactorOff: {
    subject: 'Two-factor sign-in is off',
    text: 'Two-factor sign-in was turned off for your QueueUp account: your password alone is enough to sign in.',
  },
  twoFactorRemoved: {
    subject: 'Two-factor sign-in is off',
    text: 'The operator of the server turned off two-factor sign-in for your QueueUp account and signed you out everywhere. Your password alone is enough to sign in.',
  },
  recoveryCodes: {
    subject: 'You have new recovery codes',
    text: 'New recovery codes were made for your QueueUp account. The earlier ones no longer work.',
  },
  recoveryCodeUsed: {
    subject: 'A recovery code was used to sign in',
    text: 'Somebody signed in to your QueueUp account with one of your recovery codes. It no longer works.',
  },
  wrongCodes: {
    subject: 'Somebody knows your QueueUp password',
    text: 'Somebody entered your password at QueueUp and then several wrong codes. They did not get in.',
  },
  wrongPasswords: {
    subject: 'Many wrong passwords for your QueueUp account',
    text: 'Somebody entered many wrong passwords for your QueueUp account. They did not get in, and further attempts are slowed down.',
  },
  wrongWhileSignedIn: {
    subject: 'Wrong passwords or codes in your QueueUp account',
    text: 'Somebody who is signed in to your QueueUp account entered several wrong passwords or codes. On your account page you can sign out everywhere else.',
  },
} as const

export type SecurityEvent = keyof typeof events

/** The mail that tells of a change, when and where from, and what to do if it was somebody else. */
export function securityMail(services: Services, to: string, event: SecurityEvent, meta: RequestMeta | null): Mail {
  const { subject, text } = events[event]
  const otherwise = event === 'deleted' ? askOperator : ifNotYou(services)
  return { to, subject, text: `${text}\n\n${circumstances(services, meta)}\n\n${otherwise}\n` }
}

export function confirmEmailMail(services: Services, to: string, token: string): Mail {
  return {
    to,
    subject: 'Confirm your new e-mail address',
    text: `Somebody, probably you, wants to use ${to} for their account at QueueUp.

Confirm it within an hour, signed in to that account:

${services.config.publicUrl}/confirm-email/${token}

If it was not you, do nothing.
`,
  }
}

/** To the address that an account has already, and that no mail has confirmed. */
export function confirmOwnEmailMail(services: Services, to: string, token: string): Mail {
  return {
    to,
    subject: 'Confirm your email address',
    text: `Somebody, probably you, uses ${to} for their account at QueueUp and wants to confirm it.

Confirm it within an hour, signed in to that account:

${services.config.publicUrl}/confirm-email/${token}

If it was not you, do nothing. The link works only for somebody who is signed in to that account.
`,
  }
}

/** To an address that has an account: whoever asked learns nothing of it from us. */
export function emailTakenMail(services: Services, to: string): Mail {
  return {
    to,
    subject: 'You have an account already',
    text: `Somebody, probably you, wants to use ${to} for another account at QueueUp. There is an account with this
address already, so nothing was changed. If it was you, sign in with it, or change its address first:

${services.config.publicUrl}/sign-in

If it was not you, do nothing.
`,
  }
}

/** To the address that is to be left, or was. */
export function emailLeftMail(
  services: Services,
  change: { from: string; to: string; isDone: boolean },
  meta: RequestMeta,
): Mail {
  const said = change.isDone
    ? `The e-mail address of your QueueUp account was changed from ${change.from} to ${change.to}. Sign in with that from now on.`
    : `Somebody asked to change the e-mail address of your QueueUp account from ${change.from} to ${change.to}. It changes once that address is confirmed.`
  return {
    to: change.from,
    subject: change.isDone ? 'Your e-mail address was changed' : 'Your e-mail address is about to change',
    text: `${said}\n\n${circumstances(services, meta)}\n\n${change.isDone ? askOperator : ifNotYou(services)}\n`,
  }
}

const askOperator = 'If it was not you, tell whoever runs this QueueUp at once.'

function ifNotYou({ config }: Services): string {
  return `If it was not you, choose a new password at once; that ends every session:\n\n${config.publicUrl}/forgot-password`
}

function circumstances({ now }: Services, meta: RequestMeta | null): string {
  const when = `${now().toISOString().slice(0, 16).replace('T', ' ')} UTC`
  if (!meta) return `When: ${when}`
  return `When: ${when}\nWhere: ${deviceInWords(meta.userAgent)}${meta.ip ? `, from ${meta.ip}` : ''}`
}
