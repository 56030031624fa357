import { AppError, type FieldProblem } from '../../platform/errors.ts'
import { parseInput, toFieldProblems, validationFailed } from '../../platform/parse-input.ts'
import type { ApiOperation, ApiParameter } from './api-operation.ts'

/** The values of an operation's query parameters; parameters it does not know are let be. */
export function readQuery(
  operation: ApiOperation,
  query: URLSearchParams,
): { values: Record<string, unknown>; problems: FieldProblem[] } {
  const values: Record<string, unknown> = {}
  const problems: FieldProblem[] = []
  for (const [name, parameter] of Object.entries(operation.query)) {
    const sent = query.getAll(name)
    if (sent.length > 1) {
      problems.push({ parameter: name, code: 'repeated', detail: `${name} may be given once.` })
      continue
    }
    const parsed = readParameter(name, parameter, sent[0])
    if ('problems' in parsed) problems.push(...parsed.problems)
    else values[name] = parsed.value
  }
  return { values, problems }
}

function readParameter(
  name: string,
  parameter: ApiParameter,
  text: string | undefined,
): { value: unknown } | { problems: FieldProblem[] } {
  if (parameter.read === 'integer' && text !== undefined && !/^[0-9]{1,15}$/.test(text)) {
    return { problems: [{ parameter: name, code: 'type', detail: `${name} must be a whole number in plain digits.` }] }
  }
  const parsed = parameter.schema.safeParse(text !== undefined && parameter.read === 'integer' ? Number(text) : text, {
    reportInput: true,
  })
  if (parsed.success) return { value: parsed.data }
  return {
    problems: toFieldProblems(parsed.error, () => ({ parameter: name })).map((problem) => ({
      ...problem,
      detail: problem.detail.replace(/^body/, name),
    })),
  }
}

/** @throws AppError `unsupported_media_type` unless the headers say plain JSON in UTF-8. */
export function requireJson(contentType: string | undefined, contentEncoding: string | undefined): void {
  if (contentEncoding !== undefined && contentEncoding.trim().toLowerCase() !== 'identity') {
    throw new AppError('unsupported_media_type', 'Send the body as it is, without Content-Encoding.')
  }
  const [type = '', ...parameters] = (contentType ?? '').split(';').map((part) => part.trim().toLowerCase())
  if (type !== 'application/json' || parameters.some((parameter) => !/^(charset="?utf-?8"?)?$/.test(parameter))) {
    throw new AppError('unsupported_media_type', 'Send JSON with "Content-Type: application/json".')
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** @throws AppError `invalid_request` for what is not JSON in UTF-8. */
export function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(utf8.decode(body))
  } catch {
    throw new AppError('invalid_request', 'The body is not JSON in UTF-8.')
  }
}

/** The body as the operation declares it. @throws AppError `validation_failed` with the query's problems too. */
export function readBodyValue(operation: ApiOperation, value: unknown, queryProblems: FieldProblem[]): unknown {
  try {
    const parsed = operation.body ? parseInput(operation.body, value) : undefined
    if (queryProblems.length > 0) throw validationFailed([])
    return parsed
  } catch (error) {
    if (error instanceof AppError && error.code === 'validation_failed')
      throw validationFailed([...queryProblems, ...error.errors])
    throw error
  }
}
