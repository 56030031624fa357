import type { Scope } from './scopes.ts'

interface NewKey {
  secret: string
  scopes: readonly string[]
}

/** What each permission is first used for, the most useful first. */
const firstCalls: { scope: Scope; label: string; query: string; body?: string }[] = [
  { scope: 'subscribers:write', label: 'Try it: create a subscriber', query: '', body: '{"email":"ada@example.com"}' },
  { scope: 'subscribers:read', label: 'Try it: list subscribers', query: '?limit=3' },
]

/**
 * The call to try a new key with, as a `curl` command: the first that its permissions allow on this waitlist. Without a
 * waitlist it asks which key this is.
 */
export function firstCall(publicUrl: string, { secret, scopes }: NewKey, waitlistId: string | undefined) {
  const call = firstCalls.find(({ scope }) => scopes.includes(scope))
  const lines =
    call && waitlistId !== undefined
      ? [
          `"${publicUrl}/v1/api/waitlists/${waitlistId}/subscribers${call.query}"`,
          `-H "Authorization: Bearer ${secret}"`,
          ...(call.body === undefined ? [] : ['-H "Content-Type: application/json"', `-d '${call.body}'`]),
        ]
      : [`"${publicUrl}/v1/api/key"`, `-H "Authorization: Bearer ${secret}"`]
  return { label: (waitlistId !== undefined && call?.label) || 'Try it', curl: `curl ${lines.join(' \\\n  ')}` }
}
