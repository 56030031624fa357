import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** These take longest, the longest first: begun last, they would be waited for alone. */
const longest = [
  'test/running-it.test.ts',
  'test/e2e/every-page.test.ts',
  'test/failed-requests.test.ts',
  'test/crashes.test.ts',
  'test/hard-times.test.ts',
  'test/backup.test.ts',
  'test/killed-import.test.ts',
  'src/platform/db/embedded/start-embedded-postgres.test.ts',
  'test/key-sequences.test.ts',
  'test/chained-behind-writes.test.ts',
  'test/own-database.test.ts',
  'test/interrupted-command.test.ts',
  'test/failover.test.ts',
  'src/features/organisations/export-organisation.test.ts',
  'src/features/subscribers/list-subscribers.test.ts',
  'src/features/doctor/doctor.test.ts',
]

/** The order of test files in a run. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const place = longest.findIndex((file) => moduleId.endsWith(file))
      return place < 0 ? longest.length : place
    }
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b))
  }
}
