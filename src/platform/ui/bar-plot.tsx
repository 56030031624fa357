interface BarPlotProps {
  /** Oldest first. */
  counts: readonly number[]
  /** What it shows, in words: who cannot see it reads this. */
  label: string
}

const height = 24
/** From so many bars on they are thin. */
const many = 20

/** A small plot of counts; nothing stands for nothing, and the highest bar for the most. */
export function BarPlot({ counts, label }: BarPlotProps) {
  const most = Math.max(1, ...counts)
  const [width, gap] = counts.length < many ? [5, 2] : [3, 1]
  const total = counts.length * (width + gap) - gap
  return (
    <svg class="plot" viewBox={`0 0 ${total} ${height}`} width={total} height={height} role="img" aria-label={label}>
      {counts.map((count, i) => {
        // Also a single one among thousands can be seen.
        const bar = count === 0 ? 1 : Math.max(3, Math.round((count / most) * height))
        return (
          <rect
            class={count === 0 ? 'none' : undefined}
            x={i * (width + gap)}
            y={height - bar}
            width={width}
            height={bar}
          />
        )
      })}
    </svg>
  )
}
