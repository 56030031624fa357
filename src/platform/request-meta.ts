/** Where a request came from, as the log keeps it. */
export interface RequestMeta {
  requestId: string
  ip: string | null
  /** Cut to what a log row can bear. */
  userAgent: string | null
}
