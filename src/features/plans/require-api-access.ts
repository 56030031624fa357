import { AppError } from '../../platform/errors.ts'
import { planRules } from './plan-rules.ts'

/** @throws AppError `feature_not_allowed` on a plan without API keys. */
export function requireApiAccess(organisation: { plan: string }): void {
  const { apiAccess, label } = planRules(organisation.plan)
  if (!apiAccess) {
    throw new AppError(
      'feature_not_allowed',
      `API access is part of the Pro and Team plans; this organisation is on ${label}.`,
    )
  }
}
