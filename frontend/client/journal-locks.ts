/**
 * Which entries this tab holds. A Web Lock ends with its tab, however that
 * ends, so a lock that is free means that nobody is there to send what the
 * entry has.
 */
export class Holds {
	private readonly held = new Map<string, () => void>()

	constructor(private readonly locks: Pick<LockManager, "request">) {}

	/** Takes hold at once, or says that somebody else has it. */
	take(name: string): Promise<boolean> {
		return this.request(name, { ifAvailable: true })
	}

	/** Takes hold when it is free; false after an abort. */
	wait(name: string, signal: AbortSignal): Promise<boolean> {
		return this.request(name, { signal }).catch(() => false)
	}

	has(name: string): boolean {
		return this.held.has(name)
	}

	release(name: string): void {
		this.held.get(name)?.()
		this.held.delete(name)
	}

	private request(name: string, options: LockOptions): Promise<boolean> {
		return new Promise((resolve, reject) => {
			const until = (lock: Lock | null) => {
				if (!lock) return resolve(false)
				return new Promise<void>((release) => {
					this.held.set(name, release)
					resolve(true)
				})
			}
			this.locks.request(name, options, until).catch(reject)
		})
	}
}
