import { contentHash } from "./hash.js"
import { Moment } from "./moment.js"
import type { Check } from "./protocol.js"
import { caughtUp, pendingEdits, type State } from "./state.js"

/** Quiet before the content is compared with the server's, and time between two comparisons, ms (law C6). */
const QUIET = 10_000
const BETWEEN = 60_000

/** Begins to compare, from what there is now. */
export function watch(live: { readonly state: State }, send: (check: Check) => void): HashCheck {
	const check = new HashCheck(live, send)
	check.touch()
	return check
}

/** Compares content hashes with the server when there is nothing else to say. */
export class HashCheck {
	private timer: ReturnType<typeof setTimeout> | undefined
	private changed = new Moment()
	private compared: Moment | undefined
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
		this.changed = new Moment()
		this.timer ??= setTimeout(this.fire, QUIET)
	}

	close(): void {
		clearTimeout(this.timer)
	}

	private readonly fire = (): void => {
		this.timer = undefined
		const { state } = this.live
		const wait = Math.max(QUIET - this.changed.age, BETWEEN - (this.compared?.age ?? BETWEEN))
		const quiet = caughtUp(state) && pendingEdits(state) === 0
		const key = `${state.epoch} ${state.revision}`
		if (wait > 0 || !quiet) this.timer = setTimeout(this.fire, wait > 0 ? wait : QUIET)
		else if (key !== this.checked) {
			this.checked = key
			this.compared = new Moment()
			void this.compare(state)
		}
	}

	private async compare({ content, revision, epoch }: State): Promise<void> {
		// Without a secure context there is no digest, and no check.
		const hash = await contentHash(content.delta).catch(() => undefined)
		const now = this.live.state
		if (hash === undefined || !caughtUp(now) || now.revision !== revision || now.epoch !== epoch) return
		this.send({ type: "check", revision, hash })
	}
}
