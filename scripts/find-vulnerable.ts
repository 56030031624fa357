import { inRange } from './in-range.ts'

export interface Advisory {
  package: string
  id: string
  vulnerable: string
  severity: string
  title: string
}

export interface Advisories {
  about: string
  /** The day on which they were last looked for. */
  confirmed: string
  /** Where they are from, and the last day that each source was seen to cover; null where it never answered. */
  sources: { name: string; until: string | null }[]
  /** Software that packages carry without npm knowing it. */
  inside: Record<string, string>
  /** Packages that are known to be vulnerable and have no newer version with the fix. */
  waiting: { packages: string[]; fixedIn: string; why: string }[]
  advisories: Advisory[]
}

export type LockedPackages = Record<string, { version?: string; dev?: boolean; devOptional?: boolean }>

export interface Vulnerable {
  name: string
  version: string
  /** Installed by those who develop it only. */
  development: boolean
  advisory: Advisory
  /** Why it cannot be newer yet; undefined where it can. */
  waiting: string | undefined
}

/** Every locked package, nested ones too, that lies in the range of an advisory. */
export function findVulnerable(locked: LockedPackages, known: Advisories): Vulnerable[] {
  return Object.entries(locked).flatMap(([path, { version = '', dev, devOptional }]) => {
    if (path === '') return []
    const name = path.replace(/^.*node_modules\//, '')
    return known.advisories
      .filter((one) => one.package === name || one.package === known.inside[name])
      .filter((one) => inRange(version, one.vulnerable))
      .map((advisory) => ({
        name,
        version,
        development: Boolean(dev || devOptional),
        advisory,
        // What is vulnerable in the awaited version too is news that nobody has looked at.
        waiting: known.waiting.find(
          ({ packages, fixedIn }) => packages.includes(name) && !inRange(fixedIn, advisory.vulnerable),
        )?.why,
      }))
  })
}

export function describeVulnerable({ name, version, development, advisory }: Vulnerable): string {
  const where = development ? 'for development' : 'runs'
  return `${name}@${version} (${where}): ${advisory.id}, ${advisory.severity}, ${advisory.vulnerable}, ${advisory.title}`
}
