/**
 * The queues, each with a worker of its own in every serving process: mails that a sign-in waits for, everything else that is
 * short, and work that takes minutes.
 */
export const queues = ['sign_in', 'general', 'long'] as const

export type QueueName = (typeof queues)[number]
