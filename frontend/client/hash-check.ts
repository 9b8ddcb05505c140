import type { Check } from "./protocol.js"
import { caughtUp, pendingEdits, type State } from "./state.js"

/** Quiet before the content is compared with the server's, and time between two comparisons, ms (law C6). */
const QUIET = 10_000
const BETWEEN = 60_000

/** Compares content hashes with the server when there is nothing else to say. */
export class HashCheck {
	private timer: ReturnType<typeof setTimeout> | undefined
	private changedAt = 0
	private checkedAt = Number.NEGATIVE_INFINITY
	private revision = -1
	/** What was compared last: epoch and revision. */
	private checked = ""

	constructor(
		private readonly live: { readonly state: State },
		private readonly send: (check: Check) => void,
	) {}

	/** Something happened; sets the clock when the content moved on. */
	touch(): void {
		const { state } = this.live
		if (!state.loaded || state.revision === this.revision) return
		this.revision = state.revision
		this.changedAt = Date.now()
		this.timer ??= setTimeout(this.fire, QUIET)
	}

	close(): void {
		clearTimeout(this.timer)
	}

	private readonly fire = (): void => {
		this.timer = undefined
		const { state } = this.live
		const wait = Math.max(this.changedAt + QUIET, this.checkedAt + BETWEEN) - Date.now()
		const quiet = caughtUp(state) && pendingEdits(state) === 0
		const key = `${state.epoch} ${state.revision}`
		if (wait > 0 || !quiet) this.timer = setTimeout(this.fire, wait > 0 ? wait : QUIET)
		else if (key !== this.checked) {
			this.checked = key
			this.checkedAt = Date.now()
			void this.compare(state)
		}
	}

	private async compare({ content, revision, epoch }: State): Promise<void> {
		// Fetched when it is first needed. Without a secure context there is no digest, and no check.
		const hash = await import("./hash.js").then(({ contentHash }) => contentHash(content.delta)).catch(() => undefined)
		const now = this.live.state
		if (hash === undefined || !caughtUp(now) || now.revision !== revision || now.epoch !== epoch) return
		this.send({ type: "check", revision, hash })
	}
}
