import { asUser } from './as.ts'
import type { TestOrganisation, TestProduct } from './make.ts'
import { unzip } from './unzip.ts'

/** Everything of an organisation as its owner downloads it: the answer, the files by name, and the rows of a table. */
export async function downloadArchive(
  product: TestProduct,
  { owner, slug }: Pick<TestOrganisation, 'owner' | 'slug'>,
  cookie?: string,
) {
  const response = await fetch(`${product.url}/o/${slug}/settings/export`, {
    method: 'POST',
    headers: { Cookie: cookie ?? (await asUser(product, owner)).cookie(), Origin: product.url },
  })
  if (response.status !== 200) throw new Error(`answered ${response.status}: ${await response.text()}`)
  const files = unzip(Buffer.from(await response.arrayBuffer()))
  return { response, files, lines: (name: string) => jsonLines(files.get(`${name}.jsonl`)) }
}

// biome-ignore lint/suspicious/noExplicitAny: a test looks into any row.
function jsonLines(text: string | undefined): any[] {
  return (text ?? '')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line))
}
