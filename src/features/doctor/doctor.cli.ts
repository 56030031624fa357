import type { CommandResult } from '../../platform/cli/run-command.ts'
import type { Inspection } from '../../platform/cli/with-inspection.ts'
import { examine } from './examine.ts'

const shown = 20

export async function doctor({ db, roles, secrets, stopping }: Inspection): Promise<CommandResult> {
  const examined = await examine(db, { roles, secrets }, stopping)
  const failed = examined.some(({ problems }) => problems.length > 0)
  const lines = examined.flatMap(({ check, problems }) => [
    `${problems.length === 0 ? 'ok     ' : 'WRONG  '}${check}`,
    ...problems.slice(0, shown).map((what) => `       ${what}`),
    ...(problems.length > shown ? [`       … and ${problems.length - shown} more.`] : []),
  ])
  return {
    json: { ok: !failed, checks: examined },
    text: [...lines, failed ? 'Something is wrong.' : 'Everything is as it should be.'].join('\n'),
    failed,
  }
}
