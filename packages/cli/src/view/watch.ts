import { stripVTControlCharacters } from 'node:util'
import type { JournalLine } from '@serin/sdk'
import type { RolloutPoint, ServiceStatus } from '@serin/spec'
import { armLines } from './arms.ts'
import { evidenceLines, evidenceNotes, judgementShown, otherTable, totalsText } from './evidence.ts'
import { age, clock, weight } from './figures.ts'
import { hintsFor } from './hints.ts'
import { journalWords, toldLines } from './journal-words.ts'
import { markOf, serviceMark, signed, signOf } from './marks.ts'
import type { Paper } from './paper.ts'
import { freezeLines, serviceSentence } from './sentence.ts'
import { stairLines } from './stairs.ts'
import { tileLines } from './tiles.ts'
import { cleanText, clipLine, joinWithin, textWidth, wrapText } from './text.ts'
import { isOpen, versionLines } from './versions.ts'

/** What is known of a service at one moment. */
export interface Snapshot {
  readonly status: ServiceStatus
  /** Lines about the service and its rollouts, newest last. */
  readonly journal: readonly JournalLine[]
  /** What was seen of the rollout, oldest first; without it there is nothing to draw over time. */
  readonly trail?: readonly RolloutPoint[]
  readonly now: number
  /** When the control plane was last heard. */
  readonly heardAt: number
}

/** Silence after which nothing may look live any more. The control plane tells figures every second. */
export const staleMs = 5_000

const growingBp = 500

interface Section {
  readonly lines: readonly string[]
  /** The lowest goes first when there is no room. */
  readonly weight: number
}

/**
 * The whole view: is it all right, where is it, what does the evidence say, who did what, what can I do. Never higher than the paper. With a foot (such
 * as keys) that takes the place of what to type.
 */
export function watchLines(snapshot: Snapshot, paper: Paper, foot: readonly string[] | null = null): readonly string[] {
  const { now, heardAt } = snapshot
  const inner: Paper = { ...paper, width: paper.width - 2 }
  const head = { lines: headLines(snapshot, paper), weight: 9 }
  const sectionsWith = (evidence: 'tiles' | 'table') =>
    [head, ...bodyOf(snapshot, { paper: inner, evidence, foot }).map((section) => indented(section))].filter(
      ({ lines: own }) => own.length > 0,
    )
  const rich = sectionsWith('tiles')
  const sections = paper.height === null || heightOf(rich) <= paper.height ? rich : sectionsWith('table')
  const lines = fitted(sections, paper.height).map((line) => clipLine(line, paper.width))
  if (now - heardAt <= staleMs) return lines
  const silence = `○ Last heard from the control plane ${age(now - heardAt)} ago. Traffic goes on without it; below is what was known then.`
  const grey = lines.map((line) => paper.ink('quiet', stripVTControlCharacters(line)))
  const all = [...wrapText(silence, paper.width).map((line) => paper.ink('wait', line)), '', ...grey]
  return paper.height === null ? all : all.slice(0, paper.height)
}

function headLines(snapshot: Snapshot, paper: Paper): readonly string[] {
  const { status } = snapshot
  const [first = '', ...more] = wrapText(cleanText(serviceSentence(status)), paper.width - 2)
  return [
    `${signOf(serviceMark(status), paper)} ${paper.ink('strong', first)}`,
    ...more.map((line) => `  ${paper.ink('strong', line)}`),
    ...contextLines(snapshot, paper.width - 2).map((line) => `  ${paper.ink('quiet', line)}`),
    ...freezeLines(status, paper.width - 2).map((line) => `  ${paper.ink('wait', line)}`),
    ...status.trouble.flatMap((sentence) =>
      wrapText(`■ ${cleanText(sentence)}`, paper.width - 2).map((line) => `  ${paper.ink('harm', line)}`),
    ),
  ]
}

/** Broken between facts, so that an address can be copied. */
function contextLines({ status: { name, rollout, address, preview, queue }, now }: Snapshot, width: number) {
  const parts = [name]
  if (rollout !== null) {
    const attempt = rollout.attempt > 1 ? ` (attempt ${rollout.attempt})` : ''
    const took = age((rollout.endedAt ?? now) - rollout.startedAt)
    parts.push(
      `${rollout.id}${attempt}`,
      `${rollout.stable} → ${rollout.canary}`,
      isOpen(rollout) ? took : `took ${took}`,
    )
  }
  const hotfix = rollout?.hotfix === true && isOpen(rollout) ? ['hotfix'] : []
  const more = [
    ...(preview === null ? [] : [`preview ${preview}`]),
    ...(queue.length === 0 ? [] : [`then ${queue.join(', ')}`]),
  ]
  return joinWithin([...parts, ...hotfix, address ?? 'no address yet', ...more], width)
}

interface Body {
  readonly paper: Paper
  readonly evidence: 'tiles' | 'table'
  readonly foot: readonly string[] | null
}

function bodyOf(snapshot: Snapshot, { paper, evidence, foot }: Body): readonly Section[] {
  const { status, journal, trail = [] } = snapshot
  const { rollout } = status
  const judgement = rollout === null ? null : judgementShown(rollout)
  return [
    { lines: rollout === null ? [] : stepsSection(status, paper), weight: 8 },
    { lines: versionLines(status, paper), weight: 7 },
    {
      lines:
        judgement === null
          ? []
          : evidence === 'table' || trail.length < 2
            ? evidenceLines(judgement, paper)
            : [
                ...tileLines(judgement, trail, paper),
                ...otherTable(judgement, paper),
                ...evidenceNotes(judgement, paper),
              ],
      weight: 6,
    },
    { lines: judgement === null ? [] : verdictLines(status, paper), weight: 5 },
    { lines: rollout === null ? [] : armLines(rollout, paper), weight: 5 },
    {
      lines: toldLines(journal)
        .slice(-3)
        .map((line) => journalLine(line, paper)),
      weight: 3,
    },
    foot === null ? { lines: hintLines(status, paper), weight: 4 } : { lines: foot, weight: 8.5 },
  ]
}

function stepsSection({ rollout, versions }: ServiceStatus, paper: Paper): readonly string[] {
  if (rollout === null) return []
  const canary = versions.find((version) => version.name === rollout.canary)
  const grows = rollout.step !== null && rollout.steps[rollout.step]?.fromBp !== undefined
  const behindBp = Math.abs((rollout.inForceBp ?? rollout.askedBp) - rollout.askedBp)
  // A share that grows evenly is always a little ahead of the router.
  const differs = behindBp > (grows ? growingBp : 0)
  const inForce = isOpen(rollout) ? `in force ${weight(rollout.inForceBp)}` : ''
  const split = canary?.splitPercent == null ? 'no requests yet' : `split ${canary.splitPercent.toFixed(1)} %`
  const parts = [
    `asked ${weight(rollout.askedBp)}`,
    differs ? paper.ink('wait', `≠ ${inForce}`) : inForce,
    isOpen(rollout) ? split : '',
  ]
  const title = `${paper.ink('quiet', 'STEPS')}  ${parts.filter((part) => part !== '').join('   ')}`
  const over = canary?.splitPercent == null || !isOpen(rollout) ? '' : ' (last 10 s)'
  return [textWidth(title + over) <= paper.width ? title + over : title, ...stairLines(rollout, paper)]
}

function verdictLines({ rollout }: ServiceStatus, paper: Paper): readonly string[] {
  const judgement = rollout?.judgement
  if (rollout === null || judgement == null) return []
  const told = judgement.verdict === 'safe' || rollout.sentence.includes(judgement.sentence)
  const text = cleanText(told ? totalsText(judgement) : judgement.sentence)
  const mark = markOf(judgement.verdict)
  const [first = '', ...more] = wrapText(`${mark.sign} ${mark.word}: ${text}`, paper.width)
  const label = `${mark.sign} ${mark.word}`
  return [`${signed(mark, paper)}${first.slice(label.length)}`, ...more.map((line) => `  ${line}`)]
}

function journalLine({ at, actor, kind, data }: JournalLine, paper: Paper): string {
  return `${paper.ink('quiet', clock(at))}  ${paper.ink('strong', cleanText(actor))}  ${journalWords({ kind, data })}`
}

function hintLines(status: ServiceStatus, paper: Paper): readonly string[] {
  return joinWithin(hintsFor(status), paper.width).map((line) => paper.ink('quiet', line))
}

function indented({ lines, weight: own }: Section): Section {
  return { lines: lines.map((line) => `  ${line}`), weight: own }
}

/** How high sections are with a blank line between. */
function heightOf(sections: readonly Section[]): number {
  return sections.reduce((sum, section) => sum + section.lines.length, sections.length - 1)
}

/** Sections with a blank line between. When that is too high the blank lines go, the last first, and then the least important sections. */
function fitted(sections: readonly Section[], height: number | null): readonly string[] {
  const lines = sections.reduce((sum, section) => sum + section.lines.length, 0)
  const gaps = sections.length - 1
  if (height === null || lines + gaps <= height) return joined(sections, gaps)
  if (lines <= height) return joined(sections, height - lines)
  if (sections.length === 1) return joined(sections, 0).slice(0, height)
  const least = Math.min(...sections.map((section) => section.weight))
  return fitted(
    sections.filter((section) => section.weight !== least),
    height,
  )
}

function joined(sections: readonly Section[], gaps: number): readonly string[] {
  return sections.flatMap(({ lines }, i) => (i > 0 && i <= gaps ? ['', ...lines] : lines))
}
