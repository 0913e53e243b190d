import { useEffect, useRef } from 'preact/hooks'
import { t } from '../live/preferences.ts'

/** Says that there is more, and asks for it when somebody comes near. */
export function Reached({ onReached }: { readonly onReached: () => void }) {
  const mark = useRef<HTMLParagraphElement>(null)
  useEffect(() => {
    const observer = new IntersectionObserver(
      (entries) => {
        if (!entries.some(({ isIntersecting }) => isIntersecting)) return
        observer.disconnect()
        onReached()
      },
      { rootMargin: '600px' },
    )
    if (mark.current !== null) observer.observe(mark.current)
    return () => observer.disconnect()
  }, [])
  return (
    <p class="quiet" ref={mark}>
      {t('loading')}
    </p>
  )
}
