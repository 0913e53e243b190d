import type { Rollout } from '@serin/spec'
import { layoutStairs } from './stairs-layout.ts'

const [width, height, gap] = [96, 22, 2]

/** The stair of a rollout at a glance, beside words that say the same. */
export function MiniStairs({ rollout }: { readonly rollout: Rollout }) {
  const stairs = layoutStairs(rollout, () => null)
  return (
    <svg class="mini-stairs" viewBox={`0 0 ${width} ${height}`} width={width} height={height} aria-hidden="true">
      {stairs.map(({ index, left, right, height: top, state }) => (
        <rect
          key={index}
          class={`tread ${state}`}
          x={left * width}
          y={height * (1 - top)}
          width={Math.max(1, (right - left) * width - gap)}
          height={height * top}
        />
      ))}
    </svg>
  )
}
