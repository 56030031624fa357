import type { Child } from 'hono/jsx'
import type { AppError, FieldProblem } from '../errors.ts'

interface FieldProps {
  name: string
  label: Child
  value?: string
  type?: 'text' | 'email' | 'password' | 'search' | 'date'
  hint?: Child
  autocomplete?: string
  inputmode?: 'numeric'
  required?: boolean
  maxlength?: number
  autofocus?: boolean
  placeholder?: string
  problems?: readonly FieldProblem[]
}

/** A labelled input with its hint, and what is wrong with it beside it. What was typed stays. */
export function Field({ name, label, value, type = 'text', hint, problems = [], ...rest }: FieldProps) {
  const own = problemsOf(problems, name)
  const describedBy = [hint ? `${name}-hint` : '', own.length > 0 ? `${name}-problem` : ''].filter(Boolean).join(' ')
  return (
    <div class="field">
      <label for={name}>{label}</label>
      <input
        class="input"
        id={name}
        name={name}
        type={type}
        dir={type === 'text' ? 'auto' : undefined}
        value={value}
        aria-invalid={own.length > 0 ? 'true' : undefined}
        aria-describedby={describedBy || undefined}
        {...rest}
      />
      {hint ? (
        <p class="hint" id={`${name}-hint`}>
          {hint}
        </p>
      ) : null}
      <Problems id={`${name}-problem`} problems={own} />
    </div>
  )
}

/** The problems of one field, or nothing. */
export function Problems({ id, problems }: { id: string; problems: readonly FieldProblem[] }) {
  if (problems.length === 0) return null
  return (
    <p class="problem" id={id} role="alert">
      {problems.map((problem) => problem.detail).join(' ')}
    </p>
  )
}

/** Those of a list of problems that are about a field, or about an element of it. */
export function problemsOf(problems: readonly FieldProblem[], field: string): FieldProblem[] {
  return problems.filter(
    (problem) =>
      'pointer' in problem && (problem.pointer === `#/${field}` || problem.pointer.startsWith(`#/${field}/`)),
  )
}

/** What is wrong with a form as a whole, where no field is to blame. */
export function FormProblem({ error }: { error: AppError | undefined }) {
  return error && error.errors.length === 0 ? (
    <p class="problem" role="alert">
      {error.message}
    </p>
  ) : null
}
