import { mailPasswordReset } from './features/accounts/accounts.jobs.ts'
import { passwordResetJob } from './features/accounts/forget-password.ts'
import { guessWarningJob, mailGuessWarning } from './features/accounts/guess-limits.ts'
import { pruneAccounts } from './features/accounts/prune-accounts.ts'
import { renewTwoFactorSecrets } from './features/accounts/renew-two-factor-secrets.ts'
import { mailSignUp, signUpJob } from './features/accounts/request-sign-up.ts'
import { chainActivities } from './features/activity/chain-activities.ts'
import { deleteExpiredActivities } from './features/activity/delete-expired-activities.ts'
import { reconcileBilling } from './features/billing/reconcile-billing.ts'
import { forgetJob } from './features/imports/forget-in-files.ts'
import { endAbandonedImports } from './features/imports/import-directly.ts'
import { doForget, doImport } from './features/imports/imports.jobs.ts'
import { pruneImports } from './features/imports/prune-imports.ts'
import { importJob } from './features/imports/queue-import.ts'
import { resumeImports } from './features/imports/resume-imports.ts'
import { purgeOrganisations } from './features/organisations/purge-organisations.ts'
import { pruneIdempotencyAnswers } from './features/subscribers/prune-idempotency-answers.ts'
import { renewRemovalKeys } from './features/subscribers/removed-subscribers.ts'
import { queues } from './platform/jobs/queues.ts'
import type { JobHandlers } from './platform/jobs/run-due-jobs.ts'
import { startQueue } from './platform/jobs/start-queue.ts'
import { type Job, startSchedule } from './platform/jobs/start-schedule.ts'
import { sendMailJob, sendQueuedMail } from './platform/mail/send-mail-later.ts'
import { pruneRateLimits } from './platform/rate-limit/prune-rate-limits.ts'
import type { Services } from './platform/services.ts'

/** Everything that runs by itself, and how often. One process of each database does so, as the tables' owner. */
const jobs: Job[] = [
  { name: 'prune idempotency answers', everyMinutes: 10, run: pruneIdempotencyAnswers },
  { name: 'prune imports', everyMinutes: 60, run: pruneImports },
  { name: 'end abandoned imports', everyMinutes: 1, run: endAbandonedImports },
  { name: 'resume imports', everyMinutes: 1, run: resumeImports },
  { name: 'prune sessions and one-time tokens', everyMinutes: 60, run: pruneAccounts },
  { name: 'renew two-factor secrets', everyMinutes: 60, run: renewTwoFactorSecrets },
  { name: 'reconcile billing', everyMinutes: 1, run: reconcileBilling },
  { name: 'renew removal keys', everyMinutes: 60, run: renewRemovalKeys },
  { name: 'chain activity', everyMinutes: 1 / 12, run: chainActivities },
  { name: 'delete expired activity', everyMinutes: 60, run: deleteExpiredActivities },
  { name: 'purge deleted organisations', everyMinutes: 60, run: purgeOrganisations },
  { name: 'prune rate limits', everyMinutes: 60, run: pruneRateLimits },
]

/** What verbs queue, and who does it. Every server takes its share. */
export const jobHandlers: JobHandlers = {
  [importJob]: doImport,
  [forgetJob]: doForget,
  [sendMailJob]: sendQueuedMail,
  [passwordResetJob]: mailPasswordReset,
  [guessWarningJob]: mailGuessWarning,
  [signUpJob]: mailSignUp,
}

export async function startWorker(services: Services): Promise<{ stop(): Promise<void> }> {
  const schedule = startSchedule(services, jobs)
  const workers = queues.map((queue) => startQueue(services, jobHandlers, queue))
  return {
    async stop() {
      await Promise.all(workers.map((worker) => worker.stop()))
      await schedule.stop()
    },
  }
}
