import type { Rollout, RolloutPoint } from '@serin/spec'
import { useEffect, useState } from 'preact/hooks'
import { clock, duration } from '../figures.ts'
import { language, t } from '../live/preferences.ts'

const playMs = 10_000
const frameMs = 60
/** Places of the slider from the first moment to the last. */
const places = 500

interface ReplayProps {
  readonly rollout: Rollout
  readonly trail: readonly RolloutPoint[]
  /** The moment that is shown; null: the end, or now. */
  readonly at: number | null
  readonly onAt: (at: number | null) => void
}

/** A slider through what was seen of a rollout, from its first moment to its last, and playing it in ten seconds. */
export function Replay({ rollout, trail, at, onAt }: ReplayProps) {
  const [playing, setPlaying] = useState(false)
  const [first, last] = [trail[0]?.at ?? 0, trail.at(-1)?.at ?? 0]
  const now = at ?? last
  useEffect(() => {
    if (!playing) return
    const start = now >= last ? first : now
    const begun = performance.now()
    const timer = setInterval(() => {
      const next = start + ((performance.now() - begun) / playMs) * (last - first)
      if (next >= last) setPlaying(false)
      onAt(next >= last ? null : Math.round(next))
    }, frameMs)
    return () => clearInterval(timer)
    // Where it began is where it was when somebody pressed.
  }, [playing])
  if (trail.length < 2) return <p class="quiet">{t('replay.none')}</p>
  const said = t('replay.at', { clock: clock(now), age: duration(now - rollout.startedAt, language.value) })
  return (
    <section class="card replay" aria-labelledby="replay-title">
      <h2 id="replay-title">{t('replay.title')}</h2>
      <div class="row">
        <button type="button" onClick={() => setPlaying(!playing)}>
          {playing ? t('replay.stop') : t('replay.play')}
        </button>
        <span class="track">
          <input
            type="range"
            min={0}
            max={places}
            step={1}
            value={Math.round(((now - first) / (last - first)) * places)}
            aria-label={t('replay.slider')}
            aria-valuetext={said}
            onInput={(event) => {
              setPlaying(false)
              const next = Number(event.currentTarget.value)
              onAt(next >= places ? null : Math.round(first + (next / places) * (last - first)))
            }}
          />
          {turnsOf(trail).map(({ at: turn, phase }) => (
            <i
              key={turn}
              class={`turn ${phase}`}
              style={{ left: `calc(8px + (100% - 16px) * ${(turn - first) / (last - first)})` }}
              aria-hidden="true"
            />
          ))}
        </span>
        <span>{said}</span>
        {at === null ? null : (
          <button type="button" onClick={() => onAt(null)}>
            {t('replay.live')}
          </button>
        )}
      </div>
    </section>
  )
}

function turnsOf(trail: readonly RolloutPoint[]): readonly RolloutPoint[] {
  return trail.filter((point, i) => i > 0 && (point.phase !== trail[i - 1]?.phase || point.step !== trail[i - 1]?.step))
}
