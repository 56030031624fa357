import { readFileSync } from 'node:fs'
import { signedInRules } from '../../src/features/accounts/guess-limits.ts'
import { mailboxRule, variantsRule } from '../../src/features/accounts/mail-buckets.ts'
import { hashLimits } from '../../src/features/accounts/password-hash.ts'
import { formRules, signInRules } from '../../src/features/accounts/sign-in-limits.ts'
import { newcomerDays, strangerCeilings } from '../../src/features/accounts/stranger-ceilings.ts'
import { failedKeyRules } from '../../src/features/api-keys/api-keys.auth.ts'
import { ceilingFactor } from '../../src/features/api-keys/organisation-ceilings.ts'
import { maxActiveKeys } from '../../src/features/api-keys/require-room-for-api-key.ts'
import { returnRule } from '../../src/features/billing/sync-on-return.ts'
import {
  maxKeptBytes,
  maxWaitingFiles,
  organisationUploadRules,
  userRowsRule,
  userUploadRules,
} from '../../src/features/imports/room-for-files.ts'
import { sliceMs } from '../../src/features/imports/run-import.ts'
import { archiveRule } from '../../src/features/organisations/export-organisation.ts'
import { foundingRule } from '../../src/features/organisations/found-organisation.ts'
import { invitationRules } from '../../src/features/organisations/invite-member.ts'
import { rowsPerToken } from '../../src/features/subscribers/search-subscribers-through-key.ts'
import { statusPageRules } from '../../src/features/subscribers/status.dashboard.tsx'
import { readConfig } from '../../src/platform/config.ts'
import { paceWhileFull } from '../../src/platform/download-places.ts'
import { downloadBounds } from '../../src/platform/downloads.ts'
import { clientLimits } from '../../src/platform/http/client-shares.ts'
import { maxStrangersBytes } from '../../src/platform/http/read-form.ts'
import { stripeQueue, stripeRules } from '../../src/platform/net/ask-stripe.ts'
import { searchLimits } from '../../src/platform/process/search-queue.ts'
import { inWords, piecesInWords, prefixesInWords, sizeInWords } from './limits-in-words.ts'

interface Cell {
  /** What the code has, in the guide's words. */
  says: string[]
  /** The test that tries it: its file, and its sentence or how it begins. */
  tried: [file: string, sentence: string]
}

const { config } = readConfig({})
const inSource = (file: string, pattern: RegExp) =>
  pattern.exec(readFileSync(new URL(`../../src/${file}`, import.meta.url), 'utf8'))?.[1] ?? `nothing in ${file}`
const number = (n: number) => n.toLocaleString('en')

const prefixes = 'test/security/network-prefixes.test.ts'
const strangers = 'test/security/stranger-ceilings.test.ts'
const costs = 'test/security/tenant-costs.test.ts'
const turns = 'test/security/fair-turns.test.ts'
const queue = 'src/platform/process/fair-queue.test.ts'
const searches = 'test/security/searches.test.ts'
const stripe = 'src/features/billing/stripe-limits.test.ts'
const downloads = 'test/security/unread-downloads.test.ts'
const nearlyFull = 'with %s that is nearly full, files are refused with the reason'
const freeDisk = `Refused below ${number(config.minFreeDiskMb)} MB`

/** Each limiting cell of the guide's table. */
export const cells: Record<string, Cell> = {
  'Password hashes × network': {
    says: [
      `At one account: ${prefixesInWords(signInRules.account)}.`,
      `At all accounts: ${prefixesInWords(signInRules.all)}`,
    ],
    tried: [prefixes, "'a sign-in at one account'"],
  },
  'Password hashes × user': {
    says: [`${inWords(signedInRules.session)} for each session`, `${inWords(signedInRules.user)} for all`],
    tried: ['src/features/accounts/recent-sign-in.test.ts', 'a stranger at an open browser can guess a few times only'],
  },
  'Password hashes × server': {
    says: [`${hashLimits.concurrency} at once, ${hashLimits.maxWaiting} wait`],
    tried: [queue, 'no more run at once than may, and the keys take turns'],
  },
  'Sign-ups × network': { says: [prefixesInWords(formRules)], tried: [prefixes, "'a sign-up'"] },
  'Sign-ups × user': {
    says: [`Mails to one email: ${inWords(mailboxRule)}`, `to its variants together: ${inWords(variantsRule)}`],
    tried: ['src/features/accounts/mail-buckets.test.ts', 'sign-ups of many variants'],
  },
  'Sign-ups × server': {
    says: [inWords(strangerCeilings.signUp)],
    tried: [strangers, 'sign-ups from everywhere together are limited'],
  },
  'Forgotten passwords × network': {
    says: [prefixesInWords(formRules)],
    tried: [prefixes, "'a forgotten password'"],
  },
  'Forgotten passwords × user': {
    says: [inWords(mailboxRule)],
    tried: ['src/features/accounts/guessing.test.ts', 'a flood of links to a new password to one mailbox is stopped'],
  },
  'Forgotten passwords × server': {
    says: [inWords(strangerCeilings.forgotPassword)],
    tried: [strangers, 'forgotten passwords from everywhere together are limited'],
  },
  'Invitations and new emails × network': {
    says: [prefixesInWords(formRules)],
    tried: [prefixes, 'a new email is limited for a whole network too'],
  },
  'Invitations and new emails × user': {
    says: [
      `Invitations: ${inWords(invitationRules.user)}`,
      `to one email: ${inWords(mailboxRule)}`,
      `New emails: ${inWords(mailboxRule)}`,
      `to its variants together: ${inWords(variantsRule)}`,
    ],
    tried: [strangers, 'a user’s invitations are counted over all their organisations'],
  },
  'Invitations and new emails × organisation': {
    says: [inWords(invitationRules.organisation)],
    tried: [strangers, 'an organisation’s invitations are limited, and another’s are not refused for them'],
  },
  'Invitations and new emails × server': {
    says: [inWords(strangerCeilings.newcomerMail), `${newcomerDays} days`],
    tried: [strangers, 'mails that new accounts cause are limited together'],
  },
  'Mails on their way × network': { says: [], tried: [turns, 'a flood of reset links and sign-ups from one network'] },
  'Mails on their way × user': { says: [], tried: [turns, 'one user’s invitations from many organisations'] },
  'Mails on their way × organisation': {
    says: [],
    tried: ['src/platform/jobs/fair-turns.test.ts', 'a job waits behind one of each other key'],
  },
  'Mails on their way × server': { says: [], tried: [turns, 'a link that a sign-in waits for stands behind no other'] },
  'Links that lead nowhere × network': {
    says: [prefixesInWords(formRules)],
    tried: [prefixes, "'a reset link that leads nowhere'"],
  },
  'Status pages × network': {
    says: [prefixesInWords(statusPageRules)],
    tried: [prefixes, 'status pages are limited for a whole %s'],
  },
  'Organisations × user': {
    says: [inWords(foundingRule)],
    tried: [costs, 'a user makes ten organisations, and then one every few hours'],
  },
  'Uploaded files × user': {
    says: [inWords(userUploadRules.files), piecesInWords(userUploadRules.pieces)],
    tried: [costs, 'what a user uploads is counted over all organisations'],
  },
  'Uploaded files × organisation': {
    says: [
      inWords(organisationUploadRules.files),
      piecesInWords(organisationUploadRules.pieces),
      `${sizeInWords(maxKeptBytes)} kept and ${maxWaitingFiles} files waiting`,
    ],
    tried: ['src/features/imports/refusing-files.test.ts', 'more %s than anybody brings in an hour'],
  },
  'Uploaded files × server': { says: [freeDisk], tried: [costs, nearlyFull] },
  'Imported rows × user': {
    says: [inWords(userRowsRule)],
    tried: [costs, 'a user imports a million rows at once and another million'],
  },
  'Imported rows × organisation': {
    says: [],
    tried: [costs, 'a file of more rows than the whole allowance'],
  },
  'Imported rows × server': { says: [freeDisk], tried: [costs, 'an import stops where the disk gets nearly full'] },
  'Imports under way × user': {
    says: [`${sliceMs / 1000} seconds`],
    tried: [turns, 'one owner’s many files in many organisations'],
  },
  'Imports under way × organisation': { says: [], tried: [turns, 'people whom one owner removes do not stand before'] },
  'Imports under way × server': { says: [], tried: [turns, 'one owner’s many files in many organisations'] },
  "Stripe's API × organisation": {
    says: [inWords(stripeRules.organisation), `after a checkout ${inWords(returnRule)}`],
    tried: [stripe, 'one organisation that asks Stripe very often is refused'],
  },
  "Stripe's API × server": {
    says: [inWords(stripeRules.server), `${stripeQueue.concurrency} at once`],
    tried: [stripe, 'what users press is limited for the whole server'],
  },
  'API keys and requests × network': {
    says: [prefixesInWords(failedKeyRules)],
    tried: [prefixes, 'keys that are made up are limited for a whole %s'],
  },
  'API keys and requests × organisation': {
    says: [
      `${number(maxActiveKeys)} active keys`,
      `each key ${config.rateLimit.burst}, then ${config.rateLimit.perMinute} a minute`,
      `${ceilingFactor === 10 ? 'ten' : ceilingFactor} times that for all keys together`,
    ],
    tried: ['test/security/organisation-ceiling.test.ts', 'all keys of an organisation together get through no more'],
  },
  'Searches × user': {
    says: [`${searchLimits.maxWaitingPerKey} wait`],
    tried: [queue, 'refuses a key that has too many waiting, and no other; urgent work waits apart'],
  },
  'Searches × organisation': {
    says: [
      `Each process: ${searchLimits.concurrencyPerKey} at once, ${searchLimits.maxWaitingPerKey} of its keys wait`,
      `${searchLimits.maxWaitMs / 1_000} seconds`,
      `a token for each ${number(rowsPerToken)} rows`,
    ],
    tried: [searches, 'of forty searches of one organisation one runs, some wait, the rest are refused'],
  },
  'Searches × server': {
    says: [`Each process: ${searchLimits.concurrency} at once`],
    tried: [queue, 'runs one of a key at a time, as many in all as may, and keys in turn'],
  },
  'Archives and downloads × user': {
    says: [
      `${downloadBounds.archive.perUser} archive and ${downloadBounds.file.perUser} other files at a time`,
      `Archives: ${inWords(archiveRule)}`,
    ],
    tried: [downloads, 'a user has one archive under way, over all organisations and processes'],
  },
  'Archives and downloads × organisation': {
    says: ['1 archive at a time'],
    tried: [
      'src/features/organisations/export-organisation.test.ts',
      'it is of one moment, however long it takes, and only one is made at a time',
    ],
  },
  'Archives and downloads × server': {
    says: [
      `Each process: ${downloadBounds.archive.perProcess} archives and ${downloadBounds.file.perProcess} other files at once`,
      `below ${paceWhileFull.bytesPerSecond / 1024} KB a second`,
    ],
    tried: [downloads, 'ten accounts that begin archives and never read them keep nobody waiting'],
  },
  'Database connections × server': {
    says: [
      `${inSource('platform/process/serve.ts', /maxConnections: (\d+)/)} in each process`,
      `${inSource('platform/process/run-server.ts', /maxConnections: (\d+)/)} for the jobs`,
    ],
    tried: ['test/slow-database.test.ts', 'a database that takes its time for each answer is slow for everybody'],
  },
  'Connections and bodies × network': {
    says: [
      `${number(clientLimits.connections.each)} connections`,
      `${number(clientLimits.bodies.each)} unfinished bodies of ${clientLimits.bodyBytes.each / 2 ** 20} MB`,
      `${clientLimits.uploads.each} uploads`,
      `${number(clientLimits.pipelined.each)} pipelined requests`,
      `${maxStrangersBytes / 1024} KB`,
    ],
    tried: ['test/security/client-shares.test.ts', 'connections of one address past its share are closed'],
  },
  'Connections and bodies × server': {
    says: [
      `${inSource('platform/http/start-http-server.ts', /maxConnections: ([\d_]+)/).replace('_', ',')} connections`,
      `${number(clientLimits.bodies.inAll)} unfinished bodies of ${clientLimits.bodyBytes.inAll / 2 ** 20} MB`,
      `${clientLimits.uploads.inAll} uploads`,
    ],
    tried: ['src/platform/http/start-http-server.test.ts', 'connections past the limit are closed at once'],
  },
}
