import type { Role } from '../../platform/context.ts'

/** What the pages call a role. */
export const roleLabels: Record<Role, string> = { owner: 'Owner', admin: 'Admin', member: 'Member' }
