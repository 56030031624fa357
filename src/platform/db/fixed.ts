import type { ColumnType } from 'kysely'

/** A column that is written once, never updated. */
export type Fixed<T> = ColumnType<T, T, never>
