import type { ApiOperation } from './api-operation.ts'

interface OperationMatch {
  operation: ApiOperation | undefined
  /** Where there is no operation: the methods of the path; none for an unknown path. */
  allowed: string[]
  path: Record<string, string>
}

/**
 * Makes the function that finds the operation of a method and a path (as sent, still encoded) among `operations`. HEAD goes
 * where GET does.
 */
export function makeMatchOperation(
  operations: readonly ApiOperation[],
): (method: string, pathname: string) => OperationMatch {
  const routes = operations.map((operation) => ({ operation, template: operation.path.split('/') }))
  return (method, pathname) => {
    const segments = pathname.split('/')
    const here = routes.filter(({ template }) => matches(template, segments))
    const match = here.find(({ operation }) => operation.method === (method === 'HEAD' ? 'GET' : method))
    if (match) return { operation: match.operation, allowed: [], path: readPath(match.template, segments) }
    const methods = here.flatMap(({ operation }) => (operation.method === 'GET' ? ['GET', 'HEAD'] : [operation.method]))
    return { operation: undefined, allowed: [...new Set(methods)], path: {} }
  }
}

function matches(template: string[], segments: string[]): boolean {
  return (
    template.length === segments.length && template.every((part, i) => part.startsWith('{') || part === segments[i])
  )
}

function readPath(template: string[], segments: string[]): Record<string, string> {
  const path: Record<string, string> = {}
  for (const [i, part] of template.entries()) {
    if (part.startsWith('{')) path[part.slice(1, -1)] = decode(segments[i] ?? '')
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
