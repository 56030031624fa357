import { type ActivityActor, activityActions } from './activity.ts'
import { type SentActivityFilter, toQuery } from './activity-filter.ts'

interface FiltersProps {
  base: string
  filter: SentActivityFilter
  actors: ActivityActor[]
  /** What the rows are about, where they are narrowed to one thing. */
  targetName: string | undefined
}

/** What to look for, as a form whose answer is an address. */
export function ActivityFilters({ base, filter, actors, targetName }: FiltersProps) {
  return (
    <form method="get" action={base} class="filters">
      {filter.target ? <input type="hidden" name="target" value={filter.target} /> : null}
      <div class="field">
        <label for="action">Action</label>
        <select class="input" id="action" name="action">
          <option value="">All actions</option>
          {Object.entries(activityActions).map(([action, words]) => (
            <option value={action} selected={action === filter.action}>
              {words}
            </option>
          ))}
        </select>
      </div>
      <div class="field">
        <label for="actor">Actor</label>
        <select class="input" id="actor" name="actor">
          <option value="">Everybody</option>
          {actorOptions(actors, filter.actor).map(([value, label]) => (
            <option value={value} selected={value === filter.actor}>
              {label}
            </option>
          ))}
        </select>
      </div>
      <div class="field">
        <label for="from">From</label>
        <input class="input" id="from" name="from" type="date" value={filter.from} />
      </div>
      <div class="field">
        <label for="until">To</label>
        <input class="input" id="until" name="until" type="date" value={filter.until} />
      </div>
      <label class="check">
        <input type="checkbox" name="only_api_keys" value="1" checked={filter.only_api_keys !== ''} /> Only API keys
      </label>
      <button type="submit" class="button plain">
        Filter
      </button>
      {Object.values(filter).some(Boolean) ? <a href={base}>Clear</a> : null}
      {filter.target ? (
        <p>
          About <bdi>{targetName ?? filter.target}</bdi> only.{' '}
          <a href={`${base}${toQuery({ ...filter, target: '' })}`}>Show everything else too</a>
        </p>
      ) : null}
    </form>
  )
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

function actorOptions(actors: ActivityActor[], chosen: string): [string, string][] {
  const options = actors.map(({ type, id, name }): [string, string] => [
    `${type}:${id ?? ''}`,
    type === 'api_key' ? `${name} (API key)` : name,
  ])
  options.push(['subscriber', 'People who join'], ['system', 'System'])
  // Whoever is in the address is offered, or sending the form again would lose them.
  if (chosen && !options.some(([value]) => value === chosen)) {
    const groups: Record<string, string> = { api_key: 'Any API key', user: 'Any person' }
    options.push([chosen, groups[chosen] ?? chosen.replace(/^.*:/, '')])
  }
  return options
}
