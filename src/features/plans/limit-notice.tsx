import type { AppError } from '../../platform/errors.ts'
import { Notice } from '../../platform/ui/message-page.tsx'

/** That the plan has no room for one more, told before anything is typed; owners find the way to another plan. */
export function LimitNotice({ error, planHref }: { error: AppError | undefined; planHref: string | undefined }) {
  if (error?.code !== 'limit_reached') return null
  return (
    <Notice kind="warn">
      {error.message} {planHref ? <a href={planHref}>Go to the Plan page</a> : null}
    </Notice>
  )
}
