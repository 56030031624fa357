import type { Services } from '../../platform/services.ts'

/** While SECRET_KEY is rotated: encrypts every secret anew, so that the previous key can go without anybody noticing. */
export async function renewTwoFactorSecrets(services: Services): Promise<void> {
  const { db, secrets } = services
  for (const version of secrets.versions.slice(1)) {
    await renewPending(services, version)
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

async function renewPending({ db, secrets }: Services, version: string): Promise<void> {
  const pending = db.kysely.selectFrom('pending_two_factors').select(['session_id', 'secret'])
  for (const row of await pending.where('secret_version', '=', version).execute()) {
    const secret = secrets.open('two-factor', row.secret)
    if (secret === undefined) continue
    await db.kysely
      .updateTable('pending_two_factors')
      .set({ secret: secrets.seal('two-factor', secret), secret_version: secrets.version })
      .where('session_id', '=', row.session_id)
      .where('secret', '=', row.secret)
      .execute()
  }
}
