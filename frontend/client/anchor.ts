import { type Delta, transformIndex } from "./delta.js"

/** A place in the local view that moves with the text (law A8). */
export interface Anchor {
	/** UTF-16 units. */
	readonly index: number
	/** Stops following; `index` stays where it is. */
	release(): void
}

/** The anchors of one document. */
export class Anchors {
	private readonly held = new Set<{ index: number; own: boolean }>()

	add(index: number, own: boolean): Anchor {
		const entry = { index, own }
		this.held.add(entry)
		return {
			get index() {
				return entry.index
			},
			release: () => void this.held.delete(entry),
		}
	}

	/** Moves all through a change of the local view. */
	move(delta: Delta, source: "local" | "remote"): void {
		for (const entry of this.held) entry.index = transformIndex(delta, entry.index, entry.own && source === "local")
	}
}
