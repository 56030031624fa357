import { type DeclaredOperation, findUndeclared, readDeclaredApi } from './declared-api.ts'
import type { RawAnswer } from './raw-call.ts'

const documents = new Map<string, Promise<DeclaredOperation[] | undefined>>()

/**
 * Holds an answer of the API, in whatever test it comes, against what the server's own document declares of it.
 * @throws Error with what is not declared.
 */
export async function mustBeDeclared(url: string, method: string, path: string, answer: RawAnswer): Promise<void> {
  const operations = (await documentOf(url)) ?? []
  const asked = `/v1/api${path}`.replace(/\?.*$/s, '')
  const there = operations.filter((operation) => matches(operation.path, asked))
  const operation = there.find((one) => one.method === (method === 'HEAD' ? 'GET' : method)) ?? there[0]
  const found = operation ? findUndeclared(operation, method, answer) : []
  if (found.length > 0) throw new Error(`${method} ${path} was answered ${answer.status}, and ${found.join('; ')}`)
}

function matches(template: string, path: string): boolean {
  return new RegExp(`^${template.replace(/\{\w+\}/g, '[^/]+')}$`).test(path)
}

/** Once for each server; one that is just going or starting is asked again by the next answer. */
function documentOf(url: string): Promise<DeclaredOperation[] | undefined> {
  const known = documents.get(url)
  if (known) return known
  const read = readDeclaredApi(url).catch((error: unknown) => {
    documents.delete(url)
    if (error instanceof TypeError) return undefined
    throw error
  })
  documents.set(url, read)
  return read
}
