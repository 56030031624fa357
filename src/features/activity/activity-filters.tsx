import type { FieldProblem } from '../../platform/errors.ts'
import { Field, Problems, problemsOf } from '../../platform/ui/field.tsx'
import { QuickRanges } from '../../platform/ui/quick-ranges.tsx'
import { type ActivityActor, activityActions } from './activity.ts'
import { type SentActivityFilter, toQuery } from './activity-filter.ts'
import { type ActorChoice, mostActors } from './list-actors.ts'

interface FiltersProps {
  base: string
  filter: SentActivityFilter
  choice: ActorChoice
  /** What actors were searched for by. */
  who: string
  /** The chosen actor's name, where it is known. */
  chosenName: string | undefined
  /** What the rows are about, where they are narrowed to one thing. */
  targetName: string | undefined
  problems: readonly FieldProblem[]
  now: Date
}

/** What to look for, as a form whose answer is an address. */
export function ActivityFilters({ base, filter, choice, who, chosenName, targetName, problems, now }: FiltersProps) {
  const ofTarget = problemsOf(problems, 'target')
  return (
    <form method="get" action={base} class="filters">
      <QuickRanges chosen={filter} href={(range) => `${base}${toQuery({ ...filter, ...range }, { who })}`} now={now} />
      {filter.target ? <input type="hidden" name="target" value={filter.target} /> : null}
      <Choice name="action" label="Action" anything="All actions" chosen={filter.action} problems={problems}>
        {Object.entries(activityActions)}
      </Choice>
      <Choice name="actor" label="Actor" anything="Everybody" chosen={filter.actor} problems={problems}>
        {actorOptions(choice.actors, filter.actor, chosenName)}
      </Choice>
      {choice.areMore || who ? (
        <Field name="who" label="Find an actor" type="search" value={who} maxlength={254} />
      ) : null}
      <Day name="from" label="From (UTC)" value={filter.from} problems={problems} />
      <Day name="until" label="To (UTC)" value={filter.until} problems={problems} />
      <label class="check">
        <input type="checkbox" name="only_api_keys" value="1" checked={filter.only_api_keys !== ''} /> Only API keys
      </label>
      <button type="submit" class="button plain">
        Filter
      </button>
      {who || Object.values(filter).some(Boolean) ? <a href={base}>Clear</a> : null}
      {choice.areMore || who ? <p class="hint">{choiceInWords(choice, who)}</p> : null}
      {filter.target && ofTarget.length === 0 ? (
        <p>
          About <bdi>{targetName ?? filter.target}</bdi> only.{' '}
          <a href={`${base}${toQuery({ ...filter, target: '' })}`}>Show everything else too</a>
        </p>
      ) : null}
      <Problems id="target-problem" problems={ofTarget} />
    </form>
  )
}

interface ChoiceProps {
  name: string
  label: string
  /** What choosing nothing is called. */
  anything: string
  chosen: string
  problems: readonly FieldProblem[]
  /** Values and their words. */
  children: [string, string][]
}

function Choice({ name, label, anything, chosen, problems, children }: ChoiceProps) {
  const own = problemsOf(problems, name)
  // Whatever is in the address is offered, or sending the form again would lose it.
  const options = chosen && !children.some(([value]) => value === chosen) ? [...children, [chosen, chosen]] : children
  return (
    <div class="field">
      <label for={name}>{label}</label>
      <select
        class="input"
        id={name}
        name={name}
        aria-invalid={own.length > 0 ? 'true' : undefined}
        aria-describedby={own.length > 0 ? `${name}-problem` : undefined}
      >
        <option value="">{anything}</option>
        {options.map(([value, words]) => (
          <option value={value} selected={value === chosen}>
            {words}
          </option>
        ))}
      </select>
      <Problems id={`${name}-problem`} problems={own} />
    </div>
  )
}

/** What is no day stays as it was typed, which a picker of days would not show. */
function Day(props: { name: string; label: string; value: string; problems: readonly FieldProblem[] }) {
  const isDay = problemsOf(props.problems, props.name).length === 0
  return <Field {...props} type={isDay ? 'date' : 'text'} />
}

/** The page's rows, however many there are, as a file. Forms, since each leaves a row in the log. */
export function ActivityExport({ base, filter }: { base: string; filter: SentActivityFilter }) {
  const set = Object.entries(filter).filter(([, value]) => value)
  const filtered = set.length > 0
  return (
    <form method="post" action={`${base}/export`} data-download class="row files">
      {set.map(([name, value]) => (
        <input type="hidden" name={name} value={value} />
      ))}
      <button type="submit" name="format" value="csv" class="button plain small">
        {filtered ? 'Export these as CSV' : 'Export CSV'}
      </button>
      <button type="submit" name="format" value="jsonl" class="button plain small">
        {filtered ? 'Export these as JSON Lines' : 'Export JSON Lines'}
      </button>
    </form>
  )
}

function choiceInWords({ actors, areMore }: ActorChoice, who: string): string {
  const among = who ? `with “${who}” in their names` : 'who acted last'
  if (who && actors.length === 0) return `No member and no key has “${who}” in its name. Search for another part of it.`
  if (!areMore) return `Actor offers those ${among}. Choose one, and filter again.`
  return `Actor offers some of those ${among}, up to ${mostActors} people and ${mostActors} keys. Others are found by a part of their names.`
}

function actorOptions(actors: ActivityActor[], chosen: string, chosenName?: string): [string, string][] {
  const options = actors.map(({ type, id, name }): [string, string] => [
    `${type}:${id ?? ''}`,
    type === 'api_key' ? `${name} (API key)` : name,
  ])
  options.push(['subscriber', 'People who join'], ['system', 'System'])
  if (chosen && !options.some(([value]) => value === chosen)) {
    const groups: Record<string, string> = { api_key: 'Any API key', user: 'Any person' }
    options.push([chosen, groups[chosen] ?? chosenName ?? chosen.replace(/^.*:/, '')])
  }
  return options
}
