import type { DBAdapter, DBTransactionAdapter, Where } from 'better-auth/adapters'
import type { Secrets } from '../../platform/secrets.ts'

interface TokenRow {
  token?: string
}

/**
 * Wraps better-auth's database adapter so that session tokens are keyed hashes at rest: hashed on the way in and in every
 * condition, and given back as they came to whoever knew them already.
 */
export function hashSessionTokens(adapter: DBAdapter, secrets: Secrets): DBAdapter {
  const hash = (token: string) => secrets.hash('session', token).toString('base64url')
  const known = (where: Where[] | undefined) =>
    where?.find((condition) => condition.field === 'token' && typeof condition.value === 'string')?.value as
      | string
      | undefined
  const hashed = (where: Where[]): Where[] =>
    where.map((condition) => {
      if (condition.field !== 'token') return condition
      const value = Array.isArray(condition.value)
        ? (condition.value as string[]).map(hash)
        : hash(String(condition.value))
      return { ...condition, value }
    })
  const restored = <T>(row: T, token: string | undefined): T =>
    row && token !== undefined && (row as TokenRow).token === hash(token) ? { ...row, token } : row

  const wrap = (inner: DBTransactionAdapter): DBTransactionAdapter => ({
    ...inner,
    async create(query) {
      if (query.model !== 'session') return inner.create(query)
      const { token } = query.data as TokenRow
      if (token === undefined) return inner.create(query)
      return restored(await inner.create({ ...query, data: { ...query.data, token: hash(token) } }), token) as never
    },
    async findOne<T>(query: Parameters<DBAdapter['findOne']>[0]) {
      if (query.model !== 'session') return inner.findOne<T>(query)
      return restored(await inner.findOne<T>({ ...query, where: hashed(query.where) }), known(query.where))
    },
    async findMany<T>(query: Parameters<DBAdapter['findMany']>[0]) {
      if (query.model !== 'session' || !query.where) return inner.findMany<T>(query)
      return inner.findMany<T>({ ...query, where: hashed(query.where) })
    },
    async update<T>(query: Parameters<DBAdapter['update']>[0]) {
      if (query.model !== 'session') return inner.update<T>(query)
      const token = (query.update as TokenRow).token
      const update = token === undefined ? query.update : { ...query.update, token: hash(token) }
      return restored(
        await inner.update<T>({ ...query, where: hashed(query.where), update }),
        token ?? known(query.where),
      )
    },
    updateMany: (query) =>
      inner.updateMany(query.model === 'session' ? { ...query, where: hashed(query.where) } : query),
    delete: (query) => inner.delete(query.model === 'session' ? { ...query, where: hashed(query.where) } : query),
    deleteMany: (query) =>
      inner.deleteMany(query.model === 'session' ? { ...query, where: hashed(query.where) } : query),
    async consumeOne<T>(query: Parameters<DBAdapter['consumeOne']>[0]) {
      if (query.model !== 'session') return inner.consumeOne<T>(query)
      return restored(await inner.consumeOne<T>({ ...query, where: hashed(query.where) }), known(query.where))
    },
  })
  return {
    ...adapter,
    ...wrap(adapter),
    transaction: (callback) => adapter.transaction((transaction) => callback(wrap(transaction))),
  }
}
