import type { ApiOperation } from './api-operation.ts'

interface OperationMatch {
  operation: ApiOperation | undefined
  /** The methods of the path; none for an unknown path. */
  allowed: string[]
  path: Record<string, string>
}

/** Finds the operation of a method and a path (as sent, still encoded). HEAD goes where GET does. */
export function matchOperation(operations: readonly ApiOperation[], method: string, pathname: string): OperationMatch {
  const segments = pathname.split('/')
  const here = operations.flatMap((operation) => {
    const path = matchPath(operation.path.split('/'), segments)
    return path ? [{ operation, path }] : []
  })
  const methods = [
    ...new Set(here.flatMap(({ operation }) => (operation.method === 'GET' ? ['GET', 'HEAD'] : [operation.method]))),
  ]
  const match = here.find(({ operation }) => operation.method === (method === 'HEAD' ? 'GET' : method))
  return { operation: match?.operation, allowed: methods, path: match?.path ?? {} }
}

function matchPath(template: string[], segments: string[]): Record<string, string> | undefined {
  if (template.length !== segments.length) return undefined
  const path: Record<string, string> = {}
  for (const [i, part] of template.entries()) {
    const segment = segments[i] ?? ''
    if (part.startsWith('{')) path[part.slice(1, -1)] = decode(segment)
    else if (part !== segment) return undefined
  }
  return path
}

/** An id that PostgreSQL could not hold names nothing: it becomes the empty id, which names nothing either. */
function decode(segment: string): string {
  try {
    const text = decodeURIComponent(segment)
    return text.includes('\0') ? '' : text
  } catch {
    return ''
  }
}
