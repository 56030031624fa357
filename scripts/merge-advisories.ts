import type { Advisories, Advisory } from './find-vulnerable.ts'
import { npmAudit } from './source-ages.ts'

/** What `npm audit --json` says where the registry answers it. */
export interface AuditReport {
  vulnerabilities: Record<
    string,
    { via: (string | { name: string; url: string; title: string; severity: string; range: string })[] }
  >
}

export function isAuditReport(answer: object): answer is AuditReport {
  return 'auditReportVersion' in answer && 'vulnerabilities' in answer
}

/** What was known and what the report adds. A report tells of one advisory only the ranges that are hit, so none is ever dropped. */
export function mergeAdvisories(known: Advisories, report: AuditReport, day: string): Advisories {
  const merged = new Map(known.advisories.map((one) => [keyOf(one), one]))
  for (const { via } of Object.values(report.vulnerabilities))
    for (const one of via) {
      if (typeof one === 'string') continue
      const id = one.url.replace(/^.*\//, '')
      const reported = { package: one.name, id, vulnerable: one.range, severity: one.severity, title: one.title.trim() }
      const before = merged.get(keyOf(reported))?.vulnerable.split(' || ') ?? []
      merged.set(keyOf(reported), { ...reported, vulnerable: [...new Set([...before, one.range])].join(' || ') })
    }
  const advisories = [...merged].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, advisory]) => advisory)
  const sources = known.sources.map((one) => (one.name === npmAudit ? { ...one, until: day } : one))
  return { ...known, confirmed: day, sources, advisories }
}

function keyOf(advisory: Advisory): string {
  return `${advisory.package} ${advisory.id}`
}
