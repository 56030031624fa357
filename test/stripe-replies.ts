export interface Reply {
  status: number
  json: unknown
}

/** What the stand-in for Stripe answers instead of what was asked for. */
export class Refusal {
  readonly reply: Reply
  constructor(status: number, message: string, type = 'invalid_request_error', code?: string) {
    this.reply = { status, json: { error: { type, message, ...(code ? { code } : {}) } } }
  }
}

export function missing(param: string): Refusal {
  return new Refusal(404, `No such ${param}`, 'invalid_request_error', 'resource_missing')
}

/** What is not there is missing. */
export function toReply(made: unknown): Reply {
  if (made === undefined) return missing('id').reply
  return made instanceof Refusal ? made.reply : { status: 200, json: made }
}
