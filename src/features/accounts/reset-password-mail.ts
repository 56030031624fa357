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
