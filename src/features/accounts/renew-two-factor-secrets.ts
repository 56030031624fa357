import type { Services } from '../../platform/services.ts'

/** While SECRET_KEY is rotated: encrypts every secret anew, so that the previous key can go without anybody noticing. */
export async function renewTwoFactorSecrets({ db, secrets }: Services): Promise<void> {
  for (const version of secrets.versions.slice(1)) {
    const rows = await db.kysely
      .selectFrom('two_factors')
      .select(['user_id', 'secret'])
      .where('secret_version', '=', version)
      .execute()
    for (const row of rows) {
      const secret = secrets.open('two-factor', row.secret)
      if (secret === undefined) continue
      await db.kysely
        .updateTable('two_factors')
        .set({ secret: secrets.seal('two-factor', secret), secret_version: secrets.version })
        .where('user_id', '=', row.user_id)
        .where('secret', '=', row.secret)
        .execute()
    }
  }
}
