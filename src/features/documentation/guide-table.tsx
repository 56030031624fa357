import type { Child } from 'hono/jsx'
import { type Column, TableHead } from '../../platform/ui/table-head.tsx'

/** A table among the guide's text; one too wide for the screen is scrolled, with the keyboard as well. */
export function GuideTable({ columns, children }: { columns: readonly Column[]; children: Child | Child[] }) {
  return (
    <table tabindex={0}>
      <TableHead columns={columns} />
      <tbody>{children}</tbody>
    </table>
  )
}
