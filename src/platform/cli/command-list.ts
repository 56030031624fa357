/** A list that a command answers, some rows at a time: however long it is, little of it is in memory. */
export interface CommandList {
  pages: AsyncIterable<ListedRow[]>
  /** What is said where there is nothing. */
  empty: string
}

export interface ListedRow {
  /** As it stands in `items`. */
  json: unknown
  /** As columns of text. */
  columns: Record<string, unknown>
}

/** The list as one JSON object or as a table, piece by piece. */
export async function* printList({ pages, empty }: CommandList, asJson: boolean): AsyncGenerator<string> {
  let widths: number[] = []
  let isFirst = true
  for await (const page of pages) {
    if (page.length === 0) continue
    if (asJson) yield (isFirst ? '{"items":[' : ',') + page.map(({ json }) => JSON.stringify(json)).join(',')
    else {
      const lines = toLines(page, isFirst)
      widths = (lines[0] ?? []).map((_, i) =>
        Math.max(widths[i] ?? 0, ...lines.map((line) => [...(line[i] ?? '')].length)),
      )
      yield lines.map((line) => `${alignLine(line, widths)}\n`).join('')
    }
    isFirst = false
  }
  if (asJson) yield isFirst ? '{"items":[]}\n' : ']}\n'
  else if (isFirst) yield `${empty}\n`
}

function toLines(page: ListedRow[], withNames: boolean): string[][] {
  const names = Object.keys(page[0]?.columns ?? {})
  const rows = page.map(({ columns }) => names.map((name) => String(columns[name] ?? '')))
  return withNames ? [names, ...rows] : rows
}

function alignLine(line: string[], widths: number[]): string {
  return line
    .map((cell, i) => cell + ' '.repeat((widths[i] ?? 0) - [...cell].length))
    .join('  ')
    .trimEnd()
}
