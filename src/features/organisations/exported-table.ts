import type { TransactionContext } from '../../platform/context.ts'

/** One table of an export: its columns in order, and its rows, some at a time. */
export interface ExportedTable {
  columns: readonly string[]
  rows(ctx: TransactionContext): AsyncIterable<Record<string, unknown>[]>
}
