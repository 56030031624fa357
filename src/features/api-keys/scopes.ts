/** Every permission a key can carry: its wire-level name, its label on the page, and what it lets the key do. */
export const scopes = {
  'subscribers:read': {
    label: 'Read subscribers',
    alone: 'Read only',
    description: 'List the subscribers of your waitlists, page by page.',
  },
  'subscribers:write': {
    label: 'Create subscribers',
    alone: 'Create only',
    description: 'Sign people up from your own backend.',
  },
} as const

export type Scope = keyof typeof scopes

export const scopeNames = Object.keys(scopes) as Scope[]

/** What the table says of a key: "Full access", "Read only" or "Create only". */
export function accessSummary(granted: readonly string[]): string {
  const known = scopeNames.filter((scope) => granted.includes(scope))
  if (known.length === scopeNames.length) return 'Full access'
  return known.map((scope) => scopes[scope].alone).join(', ')
}
