import type { Child } from 'hono/jsx'
import { TableHead } from '../../platform/ui/table-head.tsx'

/** A table among the guide's text; one too wide for the screen is scrolled, with the keyboard as well. On a phone its rows are stacked, each cell after its column's name. */
export function GuideTable({ columns, rows }: { columns: readonly string[]; rows: Child[][] }) {
  return (
    <table tabindex={0}>
      <TableHead columns={columns} />
      <tbody>
        {rows.map((cells) => (
          <tr>
            {cells.map((cell, i) => (
              <td data-label={columns[i]}>{cell}</td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  )
}
