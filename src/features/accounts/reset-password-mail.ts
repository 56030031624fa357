import type { Mail } from '../../platform/mail/mailer.ts'

export function resetPasswordMail(to: string, link: string): Mail {
  return {
    to,
    subject: 'Choose a new QueueUp password',
    text: `Somebody, probably you, asked for a new password for ${to} at QueueUp.

Choose one here within an hour:

${link}

If it was not you, do nothing: your password stays as it is.
`,
  }
}

/** To the mailbox of an account that was never confirmed: its user may be somebody else. */
export function confirmAddressMail(to: string, link: string, { keepsTwoFactor }: { keepsTwoFactor: boolean }): Mail {
  const exception = keepsTwoFactor ? ', except two-factor sign-in' : ''
  return {
    to,
    subject: 'Confirm your QueueUp account',
    text: `Somebody, probably you, signed in to the QueueUp account of ${to} or asked for a new password. The address was
never confirmed. Do that here within an hour:

${link}

In the browser where you signed in, the link confirms the address. In any other browser it lets you choose a new password
and ends everything that was set up before${exception}.

If you have no account, somebody else made one with your address. Choose a new password to take it over, or do nothing.
`,
  }
}
