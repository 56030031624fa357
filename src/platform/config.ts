import { resolve } from 'node:path'
import ipaddr from 'ipaddr.js'
import { z } from 'zod'
import { neverShow, neverShowPasswordOf } from './log/hide-secrets.ts'
import { isLoopbackHostname } from './net/loopback.ts'
import { settings } from './setting-schemas.ts'

export interface StripeConfig {
  secretKey: string
  webhookSecret: string
  pricePro: string
  priceTeam: string
  /** Stripe itself, or what plays it in tests. */
  apiUrl: string
}

/** What the environment says, typed and checked. Secrets that are values of their own stay in `ConfigSecrets`. */
export interface Config {
  port: number
  host: string
  /** Without a trailing slash. */
  publicUrl: string
  /** Whether PUBLIC_URL is set. Where it is not, the server is for this machine only. */
  isPublicUrlSet: boolean
  dataDir: string
  databaseUrl: string | undefined
  webConcurrency: number
  smtpUrl: string | undefined
  mailFrom: string
  stripe: StripeConfig | undefined
  billingGraceDays: number
  /** Below so much free space in the data directory's file system, uploads and imports are refused. 0: never. */
  minFreeDiskMb: number
  /** Past such a size of the database too. */
  maxDatabaseMb: number | undefined
  rateLimit: { perMinute: number; burst: number }
  signup: 'open' | 'invite'
  metricsPort: number | undefined
  /** Metrics are for the operator: this machine alone, unless it is set. */
  metricsHost: string
  /** CIDRs whose `X-Forwarded-*` are believed. */
  trustedProxies: string[]
  logLevel: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent'
}

export interface ConfigSecrets {
  secretKey: string | undefined
  secretKeyPrevious: string | undefined
}

/** Thrown for a value that is malformed or not allowed; the message is the one sentence that the start prints. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const

const environment = z.object({
  PORT: settings.integer(0, 65535).default(3000),
  HOST: settings.hostName().default('127.0.0.1'),
  PUBLIC_URL: settings.publicUrl().optional(),
  DATA_DIR: z.string().default('./data'),
  DATABASE_URL: settings.databaseUrl().optional(),
  SECRET_KEY: settings.secretKey().optional(),
  // A weak one must still be rotated away.
  SECRET_KEY_PREVIOUS: settings.secret().optional(),
  WEB_CONCURRENCY: settings.integer(1, 256).default(1),
  SMTP_URL: settings.url(['smtp:', 'smtps:'], 'smtp://mail.example.com:587').optional(),
  MAIL_FROM: settings.sender().optional(),
  STRIPE_SECRET_KEY: z.string().optional(),
  STRIPE_WEBHOOK_SECRET: z.string().optional(),
  STRIPE_PRICE_PRO: z.string().optional(),
  STRIPE_PRICE_TEAM: z.string().optional(),
  STRIPE_API_URL: settings
    .url(['http:', 'https:'], 'https://api.stripe.com')
    .refine((text) => text.startsWith('https:') || isOfThisMachine(text), 'must be https: unless it is on this machine')
    .default('https://api.stripe.com'),
  BILLING_GRACE_DAYS: settings.integer(0, 365).default(0),
  MIN_FREE_DISK_MB: settings.integer(0, 1_000_000_000).default(1024),
  MAX_DATABASE_MB: settings.integer(1, 1_000_000_000).optional(),
  API_RATE_LIMIT_PER_MINUTE: settings.integer(1, 1_000_000_000).default(600),
  API_RATE_LIMIT_BURST: settings.integer(1, 1_000_000_000).default(100),
  SIGNUP: z.enum(['open', 'invite'], 'must be open or invite').default('open'),
  METRICS_PORT: settings.integer(0, 65535).optional(),
  METRICS_HOST: settings.hostName().default('127.0.0.1'),
  TRUSTED_PROXIES: z
    .string()
    .transform((text) =>
      text
        .split(',')
        .map((part) => part.trim())
        .filter(Boolean),
    )
    .refine((parts) => parts.every(isCidr), 'must be a comma-separated list of addresses or CIDRs such as 10.0.0.0/8')
    .default([]),
  LOG_LEVEL: z.enum(logLevels, `must be one of ${logLevels.join(', ')}`).default('info'),
})

function isOfThisMachine(url: string): boolean {
  return URL.canParse(url) && isLoopbackHostname(new URL(url).hostname)
}

function isCidr(text: string): boolean {
  return ipaddr.isValid(text) || ipaddr.isValidCIDR(text)
}

/**
 * Reads the environment: the only place that does. Empty values count as unset.
 * @throws ConfigError naming every value that is wrong, in one sentence.
 */
export function readConfig(env: NodeJS.ProcessEnv = process.env): { config: Config; secrets: ConfigSecrets } {
  forgetClientVariables()
  const set = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''))
  const parsed = environment.safeParse(set)
  if (!parsed.success) {
    throw new ConfigError(
      `${parsed.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`).join('; ')}.`,
    )
  }
  const e = parsed.data
  for (const secret of [e.SECRET_KEY, e.SECRET_KEY_PREVIOUS, e.STRIPE_SECRET_KEY, e.STRIPE_WEBHOOK_SECRET])
    neverShow(secret)
  for (const url of [e.DATABASE_URL, e.SMTP_URL]) neverShowPasswordOf(url)
  const stripeNames = ['STRIPE_SECRET_KEY', 'STRIPE_WEBHOOK_SECRET', 'STRIPE_PRICE_PRO', 'STRIPE_PRICE_TEAM'] as const
  const missing = stripeNames.filter((name) => e[name] === undefined)
  if (missing.length > 0 && missing.length < stripeNames.length) {
    throw new ConfigError(`${missing.join(', ')} must be set too: Stripe needs all four of ${stripeNames.join(', ')}.`)
  }
  const publicUrl = e.PUBLIC_URL ?? `http://localhost:${e.PORT}`
  return {
    config: {
      port: e.PORT,
      host: e.HOST,
      publicUrl,
      isPublicUrlSet: e.PUBLIC_URL !== undefined,
      dataDir: resolve(e.DATA_DIR),
      databaseUrl: e.DATABASE_URL,
      webConcurrency: e.WEB_CONCURRENCY,
      smtpUrl: e.SMTP_URL,
      mailFrom: e.MAIL_FROM ?? `QueueUp <no-reply@${new URL(publicUrl).hostname}>`,
      stripe:
        e.STRIPE_SECRET_KEY && e.STRIPE_WEBHOOK_SECRET && e.STRIPE_PRICE_PRO && e.STRIPE_PRICE_TEAM
          ? {
              secretKey: e.STRIPE_SECRET_KEY,
              webhookSecret: e.STRIPE_WEBHOOK_SECRET,
              pricePro: e.STRIPE_PRICE_PRO,
              priceTeam: e.STRIPE_PRICE_TEAM,
              apiUrl: e.STRIPE_API_URL,
            }
          : undefined,
      billingGraceDays: e.BILLING_GRACE_DAYS,
      minFreeDiskMb: e.MIN_FREE_DISK_MB,
      maxDatabaseMb: e.MAX_DATABASE_MB,
      rateLimit: { perMinute: e.API_RATE_LIMIT_PER_MINUTE, burst: e.API_RATE_LIMIT_BURST },
      signup: e.SIGNUP,
      metricsPort: e.METRICS_PORT,
      metricsHost: e.METRICS_HOST,
      trustedProxies: e.TRUSTED_PROXIES,
      logLevel: e.LOG_LEVEL,
    },
    secrets: { secretKey: e.SECRET_KEY, secretKeyPrevious: e.SECRET_KEY_PREVIOUS },
  }
}

/** PostgreSQL's own client variables (PGHOST, PGSSLMODE, PGOPTIONS …) would decide how the driver reaches our database. */
function forgetClientVariables(): void {
  for (const name of Object.keys(process.env)) if (/^PG[A-Z]/.test(name)) delete process.env[name]
}

/** The configuration with the port that the system gave where 0 was asked for; the default PUBLIC_URL follows it. */
export function withPort(config: Config, port: number): Config {
  return { ...config, port, publicUrl: config.isPublicUrlSet ? config.publicUrl : `http://localhost:${port}` }
}
