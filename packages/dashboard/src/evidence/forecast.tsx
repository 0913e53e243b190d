import type { ReleasePlan } from '@serin/spec'
import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import { count, duration, figure, percent, weight } from '../figures.ts'
import { language, t } from '../live/preferences.ts'
import { Row, Traced } from '../parts/traced.tsx'
import { layoutPlan } from './plan-layout.ts'

const [width, height] = [1000, 160]

/** What a release would do: when it is over and whom it meets, a picture of its steps, and each of them in figures. */
export function Forecast({ plan, line }: { readonly plan: ReleasePlan; readonly line: string }) {
  const [isTraced, setTraced] = useState(false)
  const { promoted, falseRollbackPercent, notForecast } = plan
  return (
    <>
      <p class="verdict">
        {promoted.likelyMs === null
          ? t('plan.earliest', { time: time(promoted.earliestMs) })
          : t('plan.likely', { time: time(promoted.likelyMs) })}
        , {t('plan.exposed', { count: count(promoted.canaryRequests) })}
      </p>
      <p class="quiet">
        {t('plan.false', { percent: `${figure(falseRollbackPercent)} %` })}{' '}
        {notForecast.length === 0 ? '' : t('plan.notForecast', { metrics: notForecast.join(', ') })}{' '}
        <button type="button" class="link" onClick={() => setTraced(true)}>
          {t('tile.how')}
        </button>
      </p>
      <Picture plan={plan} />
      <Steps plan={plan} />
      {isTraced ? <Trace plan={plan} line={line} onClose={() => setTraced(false)} /> : null}
    </>
  )
}

function Picture({ plan }: { readonly plan: ReleasePlan }) {
  const { path, steps, untilMs } = layoutPlan(plan, { width, height })
  return (
    <figure class="card plan">
      <div class="band">
        <svg viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" class="plan-picture" aria-hidden="true">
          {steps.map(({ left, right, top, found }, i) => (
            <g key={i}>
              <rect class="tread" x={left} y={top} width={Math.max(0, right - left)} height={height - top} />
              {found === null ? null : (
                <rect
                  class="tread done"
                  x={left}
                  y={height - found * (height - top)}
                  width={Math.max(0, right - left)}
                  height={found * (height - top)}
                />
              )}
            </g>
          ))}
          <path class="stable" d={path} />
        </svg>
        {steps.map(({ left, right, top, found }, i) =>
          right - left < width / 20 ? null : (
            <Label key={i} x={left} y={top}>
              {weight(plan.steps[i]?.weightBp ?? 0)}
              {found === null || right - left < width / 8 ? null : (
                <span class="quiet"> {t('plan.foundHere', { percent: percent(100 * found) })}</span>
              )}
            </Label>
          ),
        )}
        <span class="scale step end" style={{ top: '1.25rem' }} aria-hidden="true">
          {weight(10_000)}
        </span>
      </div>
      <p class="axis times quiet" aria-hidden="true">
        {steps.map(({ left, right, beginMs }, i) =>
          right - left < width / 14 ? null : (
            <span key={i} style={{ left: `${(left / width) * 100}%` }}>
              {beginMs === 0 ? '0' : time(beginMs)}
            </span>
          ),
        )}
        <span class="end">{time(untilMs)}</span>
      </p>
      <figcaption class="quiet">
        <i class="key asked" aria-hidden="true" /> {t('plan.picture')} <i class="key found" aria-hidden="true" />{' '}
        {t('plan.pictureFound')}
      </figcaption>
    </figure>
  )
}

function Label(props: { readonly x: number; readonly y: number; readonly children: ComponentChildren }) {
  const { x, y, children } = props
  return (
    <span
      class="scale step"
      style={{ left: `${(x / width) * 100}%`, top: `calc(1.25rem + ${y / height} * 10rem)` }}
      aria-hidden="true"
    >
      {children}
    </span>
  )
}

const columns = ['begins', 'lasts', 'requests', 'finds', 'within', 'smallest'] as const

function Steps({ plan }: { readonly plan: ReleasePlan }) {
  return (
    <div class="card scroll" tabIndex={0} role="group" aria-label={t('stairs.title')}>
      <table>
        <thead>
          <tr>
            <th scope="col">{t('tile.step')}</th>
            {columns.map((key) => (
              <th scope="col" key={key}>
                {t(`plan.${key}`)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {plan.steps.map((step, i) => (
            <tr key={i}>
              <th scope="row">
                {weight(step.weightBp)} {step.name ?? ''}
              </th>
              <td>{time(step.likelyMs ?? step.earliestMs)}</td>
              <td>{orNone(step.stayMs, time)}</td>
              <td>{orNone(step.requestsHere, count)}</td>
              <td>{orNone(step.doubledErrors.foundHere, (found) => percent(100 * found))}</td>
              <td>{orNone(step.doubledErrors.likelyMs, time)}</td>
              <td>{orNone(step.smallestFound, (times) => `× ${figure(times)}`)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

interface TraceProps {
  readonly plan: ReleasePlan
  readonly line: string
  readonly onClose: () => void
}

/** Where the figures of a forecast come from: what it was fed, how it is made, and what it does not know. */
function Trace({ plan, line, onClose }: TraceProps) {
  const { service, canary, requestsPerSecond, errorPercent, promoted } = plan
  return (
    <Traced name={`${service} → ${canary}`} line={line} onClose={onClose}>
      <Row word={t('trace.inputs')}>
        {t('plan.inputs', { rate: figure(requestsPerSecond), errors: percent(errorPercent) })}
      </Row>
      <Row word={t('trace.estimate')}>
        {t('plan.estimate', { earliest: time(promoted.earliestMs), likely: orNone(promoted.likelyMs, time) })}
      </Row>
      <Row word={t('trace.interval')}>{t('plan.interval')}</Row>
      <Row word={t('trace.method')}>{t('plan.method')}</Row>
      <Row word={t('plan.finds')}>{t('plan.methodFound')}</Row>
    </Traced>
  )
}

function time(ms: number): string {
  return duration(ms, language.value)
}

function orNone(value: number | null, words: (value: number) => string): string {
  return value === null ? '–' : words(value)
}
