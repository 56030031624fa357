import type { Mail } from '../../platform/mail/mailer.ts'

export function signUpMail(publicUrl: string, to: string, token: string): Mail {
  return {
    to,
    subject: 'Confirm your QueueUp account',
    text: `Somebody, probably you, wants an account for ${to} at QueueUp.

Go on here within a day, best in the same browser:

${publicUrl}/confirm-sign-up/${token}

If it was not you, do nothing.
`,
  }
}

/** To an address that has an account: whoever asked learns nothing of it from us. */
export function haveAccountMail(publicUrl: string, to: string): Mail {
  return {
    to,
    subject: 'You have a QueueUp account already',
    text: `Somebody, probably you, wants an account for ${to} at QueueUp. There is one already, so nothing was changed. Sign in:

${publicUrl}/sign-in

Forgot the password? Choose another:

${publicUrl}/forgot-password

If it was not you, do nothing.
`,
  }
}
