export interface Mail {
  to: string
  subject: string
  text: string
}

/** Hands a mail to SMTP, or to the outbox folder where none is configured. Rejects when it could not be handed over. */
export interface Mailer {
  send(mail: Mail): Promise<void>
}
