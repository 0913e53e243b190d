import type { Part } from '../live/said.ts'

/** What is said, each part in its language; Chinese sentences stand without a space between. */
export function Said({ parts }: { readonly parts: readonly Part[] }) {
  return (
    <>
      {parts.map(({ text, lang }, i) => (
        <span key={i} {...(lang === null ? {} : { lang })}>
          {i === 0 || lang === 'zh' ? '' : ' '}
          {text}
        </span>
      ))}
    </>
  )
}
