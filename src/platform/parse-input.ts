import type { z } from 'zod'
import { AppError, type FieldProblem } from './errors.ts'

/**
 * Checks input against its schema.
 * @throws AppError `validation_failed` with every problem, each with its JSON Pointer.
 */
export function parseInput<Schema extends z.ZodType>(schema: Schema, input: unknown): z.output<Schema> {
  const parsed = schema.safeParse(input, { reportInput: true })
  if (parsed.success) return parsed.data
  throw validationFailed(toFieldProblems(parsed.error, (path) => ({ pointer: toPointer(path) })))
}

export function validationFailed(errors: FieldProblem[]): AppError {
  return new AppError('validation_failed', errors.map((problem) => problem.detail).join(' '), { errors })
}

/** A zod error as the catalogue of problems that the API promises; `where` names the place of each. */
export function toFieldProblems(
  error: z.ZodError,
  where: (path: PropertyKey[]) => { pointer: string } | { parameter: string },
): FieldProblem[] {
  return error.issues.flatMap((issue): FieldProblem[] => {
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({
        ...where([...issue.path, key]),
        code: 'unknown',
        detail: `There is no member ${JSON.stringify(key.slice(0, 60))} here.`,
      }))
    }
    return [{ ...where(issue.path), ...describe(issue) }]
  })
}

function describe(issue: z.core.$ZodIssue): Pick<FieldProblem, 'code' | 'detail'> {
  const name = String(issue.path.at(-1) ?? 'body')
  switch (issue.code) {
    case 'invalid_type':
      if (issue.input === undefined) return { code: 'required', detail: `${name} is required.` }
      return {
        code: 'type',
        detail: `${name} must be of type ${issue.expected === 'int' ? 'integer' : issue.expected}.`,
      }
    case 'too_small':
      return issue.origin === 'string' || issue.origin === 'array'
        ? { code: 'too_short', detail: sentence(issue, `${name} is too short: at least ${issue.minimum}.`) }
        : { code: 'too_small', detail: sentence(issue, `${name} must be at least ${issue.minimum}.`) }
    case 'too_big':
      return issue.origin === 'string' || issue.origin === 'array'
        ? { code: 'too_long', detail: sentence(issue, `${name} is too long: at most ${issue.maximum}.`) }
        : { code: 'too_big', detail: sentence(issue, `${name} must be at most ${issue.maximum}.`) }
    case 'custom':
      return { code: (issue.params?.problem as FieldProblem['code']) ?? 'format', detail: issue.message }
    default:
      return { code: 'format', detail: sentence(issue, `${name} is not in the right form.`) }
  }
}

/** The schema's own words where it has some, else ours. */
function sentence(issue: z.core.$ZodIssue, ours: string): string {
  return /^(Invalid|Too (small|big))/.test(issue.message) ? ours : issue.message
}

/** A JSON Pointer as a URI fragment (RFC 6901, section 6). */
function toPointer(path: PropertyKey[]): string {
  return `#${path.map((part) => `/${encodeURIComponent(String(part).toWellFormed().replaceAll('~', '~0').replaceAll('/', '~1')).slice(0, 200)}`).join('')}`
}
