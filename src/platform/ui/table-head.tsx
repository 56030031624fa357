/** A column by its label; to the right for numbers, hidden where only a screen reader needs the label. */
export type Column = string | { label: string; right?: boolean; hidden?: boolean }

/** The head of a table: one row that names its columns. */
export function TableHead({ columns }: { columns: readonly Column[] }) {
  return (
    <thead>
      <tr>
        {columns.map((column) => {
          const { label, right, hidden } = typeof column === 'string' ? { label: column } : column
          return (
            <th scope="col" class={right ? 'right' : undefined}>
              {hidden ? <span class="visually-hidden">{label}</span> : label}
            </th>
          )
        })}
      </tr>
    </thead>
  )
}
