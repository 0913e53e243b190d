/** A binary heap: a simulated day has millions of events, and the next one must be cheap to find. */
export interface Heap<Item> {
  readonly size: number
  readonly top: Item | undefined
  push(item: Item): void
  pop(): Item | undefined
}

/** An empty heap; `before` says which of two comes first and must decide all ties that matter. */
export function createHeap<Item extends object>(before: (a: Item, b: Item) => boolean): Heap<Item> {
  const items: Item[] = []
  return {
    get size() {
      return items.length
    },
    get top() {
      return items[0]
    },
    push(item) {
      let at = items.push(item) - 1
      while (at > 0) {
        const parent = items[(at - 1) >> 1]
        if (parent === undefined || !before(item, parent)) break
        items[at] = parent
        at = (at - 1) >> 1
      }
      items[at] = item
    },
    pop() {
      const top = items[0]
      const last = items.pop()
      if (last === undefined || items.length === 0) return top
      let at = 0
      for (;;) {
        const [left, right] = [items[2 * at + 1], items[2 * at + 2]]
        if (left === undefined) break
        const least = right !== undefined && before(right, left) ? right : left
        if (!before(least, last)) break
        items[at] = least
        at = 2 * at + (least === left ? 1 : 2)
      }
      items[at] = last
      return top
    },
  }
}
