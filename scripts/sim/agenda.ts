/** What is to happen, in the order of time: a binary heap. */
export function startAgenda<Event extends { at: number }>() {
  const heap: Event[] = []
  return {
    get size(): number {
      return heap.length
    },

    add(event: Event): void {
      let place = heap.length
      while (place > 0) {
        const parent = (place - 1) >> 1
        if (heap[parent]!.at <= event.at) break
        heap[place] = heap[parent]!
        place = parent
      }
      heap[place] = event
    },

    next(): Event | undefined {
      const first = heap[0]
      const last = heap.pop()
      if (last === undefined || heap.length === 0) return first
      let place = 0
      for (;;) {
        let child = 2 * place + 1
        if (child >= heap.length) break
        if (child + 1 < heap.length && heap[child + 1]!.at < heap[child]!.at) child++
        if (heap[child]!.at >= last.at) break
        heap[place] = heap[child]!
        place = child
      }
      heap[place] = last
      return first
    },
  }
}
