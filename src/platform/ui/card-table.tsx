import type { Child } from 'hono/jsx'
import { type Column, TableHead } from './table-head.tsx'

/** A table whose rows become cards on a phone; each cell then bears its column's label as `data-label`. */
export function CardTable(props: {
  caption: string
  columns: readonly Column[]
  dimmed?: boolean
  children: Child | Child[]
}) {
  return (
    <div class="table-wrap">
      <table class={props.dimmed ? 'cards dimmed' : 'cards'}>
        <caption class="visually-hidden">{props.caption}</caption>
        <TableHead columns={props.columns} />
        <tbody>{props.children}</tbody>
      </table>
    </div>
  )
}
