import type { Release, ReleaseMember } from './release.ts'

/** Is it all right? One sentence about a coupled release. */
export function releaseSentence(release: Release): string {
  const { state, members, by, why } = release
  const promoted = members.filter(({ stage }) => stage === 'promoted').length
  const counted = `${promoted} of ${members.length} promoted`
  switch (state) {
    case 'going':
      return `${counted}; ${onTheWay(members)}.`
    case 'held':
      return `Held by ${by}${because(why)}; ${counted}.`
    case 'reversing':
      return `Going back, by ${by}${because(why)}; ${members.map(whereBack).join(', ')}.`
    case 'done':
      return `All promoted: ${members.map(({ service, to }) => `${service} ${to}`).join(', ')}.`
    case 'reversed':
      return `All back: ${members.map(({ service, from }) => `${service} ${from}`).join(', ')}; by ${by}${because(why)}.`
    case 'stuck':
      return `Not all are back. ${why}`
  }
}

function onTheWay(members: readonly ReleaseMember[]): string {
  const out = members.filter(({ stage }) => stage === 'out')
  const next = out.length > 0 ? out : members.filter(({ stage }) => stage === 'waiting').slice(0, 1)
  const verb = out.length > 0 ? 'is on its way to' : 'is next, to'
  return next.length === 0 ? 'none is under way' : next.map(({ service, to }) => `${service} ${verb} ${to}`).join(', ')
}

function whereBack({ service, from, to, stage }: ReleaseMember): string {
  if (stage === 'back') return `${service} is at ${from}`
  return stage === 'going-back' ? `${service} is going back to ${from}` : `${service} is still at ${to}`
}

function because(why: string): string {
  return why === '' ? '' : `: ${why.replace(/\.$/, '')}`
}
