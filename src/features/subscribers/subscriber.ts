import { z } from 'zod'

/** A subscriber as the customer API shows them. */
export const subscriberJsonSchema = z.strictObject({
  id: z.string().describe('Stable, never reused.').meta({ example: '8401' }),
  email: z.string().describe('As it was typed.').meta({ example: 'Ada@Example.com' }),
  joined_at: z
    .string()
    .describe('RFC 3339, UTC, to the second.')
    .meta({ format: 'date-time', example: '2026-05-03T18:30:12Z' }),
  position: z
    .int()
    .min(1)
    .nullable()
    .describe('Place in line, 1 is next; null until the person has confirmed.')
    .meta({ example: 42 }),
  referral_code: z.string().describe('`""` while referrals are off.').meta({ example: 'K7M9PX' }),
  referral_count: z.int().min(0).describe('How many people joined through them.').meta({ example: 3 }),
})

export type SubscriberJson = z.output<typeof subscriberJsonSchema>

/** A subscriber as the dashboard lists them. */
export interface SubscriberRow extends SubscriberJson {
  state: 'pending' | 'active'
}

export const subscriberPageSchema = z.strictObject({
  items: z.array(subscriberJsonSchema),
  total: z.int().min(0).describe('How many there are on all pages.').meta({ example: 1024 }),
  page: z.int().min(1),
  limit: z.int().min(1).max(200).meta({ example: 25 }),
})
