/** Listeners by event. What is emitted inside a listener waits its turn, so that all listeners hear everything in one order. */
export class Emitter<Events> {
	private readonly listeners = new Map<keyof Events, Set<(detail: never) => void>>()
	private readonly waiting: (() => void)[] = []
	private emitting = false

	on<K extends keyof Events>(event: K, listener: (detail: Events[K]) => void): () => void {
		const set = this.listeners.get(event) ?? new Set()
		this.listeners.set(event, set.add(listener))
		return () => void set.delete(listener)
	}

	emit<K extends keyof Events>(event: K, detail: Events[K]): void {
		for (const listener of this.listeners.get(event) ?? []) {
			this.waiting.push(() => (listener as (detail: Events[K]) => void)(detail))
		}
		if (this.emitting) return
		this.emitting = true
		for (let next = this.waiting.shift(); next; next = this.waiting.shift()) {
			try {
				next()
			} catch (error) {
				// One listener's mistake is not the others', nor the connection's.
				queueMicrotask(() => {
					throw error
				})
			}
		}
		this.emitting = false
	}
}
