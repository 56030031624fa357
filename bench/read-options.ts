import { parseArgs } from 'node:util'

export const partNames = ['api', 'single', 'keys', 'neighbours', 'peers', 'processes', 'soak', 'start'] as const
export type PartName = (typeof partNames)[number]

export interface BenchOptions {
  /** What is measured. */
  parts: readonly PartName[]
  /** On the waitlist that is read. */
  people: number
  /** Of a second waitlist of the same length, how many referrals have moved; 0 leaves it out. */
  moved: number
  rounds: number
  /** How long each measurement of a round takes. */
  seconds: number
  soakSeconds: number
  /** An empty PostgreSQL database in place of the embedded one. */
  databaseUrl: string | undefined
  /** The whole run is ended after that, finished or not. */
  limitMinutes: number
  resultsFile: string
}

export const usage = `npm run bench -- [options]
  --people N        people on the waitlist (100000)
  --moved N         people moved by referrals, on a second waitlist as long; 0 leaves it out (a tenth)
  --rounds N        rounds, whose median counts (3)
  --seconds N       seconds for each measurement of a round, whole (1)
  --huge            10,000,000 people, the customer API alone; takes half an hour to fill
  --peers           also Strapi, Directus and better-auth's API keys; installs them first, which takes minutes
  --soak SECONDS    also memory and event-loop delay over so long a load
  --parts LIST      just these, of ${partNames.join(',')} (api,single,keys and what is asked for)
  --database URL    an EMPTY PostgreSQL database, instead of the embedded one
  --limit MINUTES   ends the run after that, finished or not (15)
  --results FILE    where the figures are written (bench/results.json)`

/** @throws Error for what is not an option, or no number. */
export function readOptions(args: string[]): BenchOptions | 'help' {
  const { values } = parseArgs({
    args,
    options: {
      people: { type: 'string' },
      moved: { type: 'string' },
      rounds: { type: 'string', default: '3' },
      seconds: { type: 'string', default: '1' },
      huge: { type: 'boolean', default: false },
      peers: { type: 'boolean', default: false },
      soak: { type: 'string' },
      parts: { type: 'string' },
      database: { type: 'string' },
      limit: { type: 'string' },
      results: { type: 'string', default: new URL('results.json', import.meta.url).pathname },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return 'help'
  const people = wholeNumber('people', values.people ?? (values.huge ? '10000000' : '100000'), 1_000)
  const moved = values.moved === undefined ? Math.floor(people / 10) : wholeNumber('moved', values.moved, 0)
  if (moved > people / 2) throw new Error('--moved: half of the people at most')
  const listed = values.parts?.split(',') ?? [
    'api',
    ...(values.huge ? [] : ['single', 'keys']),
    ...(values.peers ? ['peers'] : []),
    ...(values.soak === undefined ? [] : ['soak']),
  ]
  if (!listed.every(isPartName)) throw new Error(`--parts: of ${partNames.join(',')}`)
  return {
    parts: partNames.filter((name) => listed.includes(name)),
    people,
    moved,
    rounds: wholeNumber('rounds', values.rounds, 1),
    seconds: wholeNumber('seconds', values.seconds, 1),
    soakSeconds: wholeNumber('soak', values.soak ?? '60', 20),
    databaseUrl: values.database,
    limitMinutes: wholeNumber('limit', values.limit ?? (values.huge ? '90' : '15'), 1),
    resultsFile: values.results,
  }
}

function isPartName(text: string): text is PartName {
  return partNames.some((name) => name === text)
}

function wholeNumber(name: string, text: string, least: number): number {
  const number = Number(text)
  if (!/^[0-9]{1,8}$/.test(text) || number < least) throw new Error(`--${name}: a whole number from ${least}`)
  return number
}
