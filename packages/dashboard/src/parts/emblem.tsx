/** The stair of the bird. */
export function Emblem() {
  return (
    <svg class="emblem" viewBox="0 0 24 24" width="22" height="22" aria-hidden="true">
      <path d="M2 20h6v-5h6V9h6V3" fill="none" stroke="currentColor" stroke-width="3" stroke-linejoin="round" />
      <circle cx="20" cy="20" r="2.4" class="dot" />
    </svg>
  )
}
