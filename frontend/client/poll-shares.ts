/**
 * So many requests of a browser's hidden tabs may wait at the server at a time:
 * over HTTP/1.1 it has six connections to one, and the tabs in sight need theirs.
 */
const SHARES = 3

interface Page {
	readonly navigator?: { readonly locks?: Pick<LockManager, "request"> }
}

/** Takes one of the shares until `release`; undefined when all are taken. Where tabs cannot agree everyone has one. */
export async function takeShare(): Promise<{ release(): void } | undefined> {
	const locks = (globalThis as Page).navigator?.locks
	if (!locks) return { release() {} }
	for (let share = 1; share <= SHARES; share++) {
		const taken = await new Promise<{ release(): void } | undefined>((resolve) => {
			const until = (lock: Lock | null) => {
				if (!lock) return resolve(undefined)
				return new Promise<void>((release) => resolve({ release }))
			}
			locks.request(`coscribe poll ${share}`, { ifAvailable: true }, until).catch(() => resolve({ release() {} }))
		})
		if (taken) return taken
	}
	return undefined
}
