import type { Services } from '../services.ts'

/**
 * The unguessable path at which the mails of development are shown, the same in every process. There is none where
 * PUBLIC_URL or SMTP_URL is set.
 */
export function mailPreviewPath({ config, secrets }: Pick<Services, 'config' | 'secrets'>): string | undefined {
  if (config.isPublicUrlSet || config.smtpUrl) return undefined
  return `/mail-preview/${secrets.hash('mail-preview', 'path').toString('hex').slice(0, 40)}`
}
