// Carets and selections of the others, drawn as decorations: they move with the text by ProseMirror's own mapping and
// never touch the document.

import { Plugin, PluginKey } from "prosemirror-state"
import { Decoration, DecorationSet, type EditorView } from "prosemirror-view"
import type { PeerView } from "../client/index.js"
import { positionOf } from "./convert.js"
import type { PeerCaret } from "./types.js"

/** How long (ms) a name flag stays after its caret moved. */
const flagTime = 2500

export const peersKey = new PluginKey<DecorationSet>("coscribe-peers")

/** The carets of one editor. Main thread only. */
export class Peers {
	private readonly carets = new Map<string, Caret>()
	private view: EditorView | undefined

	readonly plugin = new Plugin<DecorationSet>({
		key: peersKey,
		state: {
			init: () => DecorationSet.empty,
			apply: (tr, set) => (tr.getMeta(peersKey) as DecorationSet | undefined) ?? set.map(tr.mapping, tr.doc),
		},
		props: { decorations: (state) => peersKey.getState(state) },
		view: (view) => {
			this.view = view
			return { destroy: () => this.destroy() }
		},
	})

	/** Takes what the client knows of its peers; selections are in the view's document. */
	update(peers: readonly PeerView[]): void {
		const { view } = this
		if (!view || view.isDestroyed) return
		const { doc } = view.state
		const decorations: Decoration[] = []
		const here = new Set<string>()
		const drawn = this.drawn(view)
		let changed = false
		for (const peer of peers) {
			const { selection } = peer
			if (!selection) continue
			here.add(peer.peer)
			let caret = this.carets.get(peer.peer)
			if (!caret) {
				caret = new Caret(peer.peer, view.dom.ownerDocument)
				this.carets.set(peer.peer, caret)
			}
			const head = positionOf(doc, selection.head)
			const anchor = positionOf(doc, selection.anchor)
			// Where the text has carried the caret is no movement of its own.
			const known = drawn.get(peer.peer)
			const back = head === anchor ? null : anchor
			if (!known || known.head !== head || known.anchor !== back) {
				caret.showFlag()
				changed = true
			}
			if (caret.label(peer.user.name, peer.user.color)) changed = true
			// Side -1: what I type at another's caret comes behind it (law A8).
			const { dom } = caret
			decorations.push(
				Decoration.widget(head, dom, {
					key: `peer-${peer.peer}`,
					side: -1,
					ignoreSelection: true,
					stopEvent: () => true,
					peer: peer.peer,
				}),
			)
			if (anchor !== head) {
				decorations.push(
					Decoration.inline(
						Math.min(anchor, head),
						Math.max(anchor, head),
						{ class: "peer-selection", style: `--peer:${caret.color}` },
						{ peer: peer.peer },
					),
				)
			}
		}
		for (const [peer, caret] of this.carets) {
			if (here.has(peer)) continue
			caret.destroy()
			this.carets.delete(peer)
			changed = true
		}
		if (changed) view.dispatch(view.state.tr.setMeta(peersKey, DecorationSet.create(doc, decorations)))
	}

	/** Where each peer is drawn now; `anchor` is null for a caret. */
	private drawn(view: EditorView): Map<string, { head: number; anchor: number | null }> {
		const places = new Map<string, { head: number; anchor: number | null }>()
		const found = peersKey.getState(view.state)?.find() ?? []
		for (const { from, spec } of found) if (spec.key) places.set(spec.peer, { head: from, anchor: null })
		for (const { from, to, spec } of found) {
			const place = spec.key ? undefined : places.get(spec.peer)
			if (place) place.anchor = place.head === from ? to : from
		}
		return places
	}

	/** Position of a peer's caret in the view. */
	positionOf(peer: string): number | null {
		if (!this.view) return null
		const found = peersKey.getState(this.view.state)?.find(undefined, undefined, (spec) => spec.key === `peer-${peer}`)
		return found?.[0]?.from ?? null
	}

	showFlag(peer: string): void {
		this.carets.get(peer)?.showFlag()
	}

	/** Where every caret is relative to the part of the text in view. Forces layout. */
	places(visible: { readonly top: number; readonly bottom: number }): PeerCaret[] {
		const { view } = this
		if (!view) return []
		return [...this.carets.values()].map((caret) => {
			const position = this.positionOf(caret.peer)
			const about = { peer: caret.peer, name: caret.name, color: caret.color }
			if (position === null) return { ...about, rect: null, place: "visible" }
			const rect = view.coordsAtPos(position, -1)
			const place = rect.bottom < visible.top ? "above" : rect.top > visible.bottom ? "below" : "visible"
			return { ...about, rect, place }
		})
	}

	private destroy(): void {
		for (const caret of this.carets.values()) caret.destroy()
		this.carets.clear()
		this.view = undefined
	}
}

/** One peer's caret element; it stays the same while the peer is here, so that its flag can fade. */
class Caret {
	readonly dom: HTMLElement
	name = ""
	color = ""
	private readonly flag: HTMLElement
	/** The colour as it was told, which may be none. */
	private given = ""
	private timer: ReturnType<typeof setTimeout> | undefined

	constructor(
		readonly peer: string,
		owner: Document,
	) {
		this.dom = owner.createElement("span")
		this.dom.className = "peer-caret"
		// Names are announced by the page's list of people; in the text they would interrupt the reading.
		this.dom.setAttribute("aria-hidden", "true")
		this.flag = owner.createElement("span")
		this.flag.className = "peer-flag"
		this.dom.append(this.flag)
	}

	/** Returns whether anything is new. */
	label(name: string, color: string): boolean {
		const renamed = name !== this.name || color !== this.given
		if (renamed) {
			this.name = name
			this.given = color
			this.color = /^#[0-9a-f]{6}$/i.test(color) ? color : "#5b6472"
			this.flag.textContent = name
			this.dom.style.setProperty("--peer", this.color)
		}
		return renamed
	}

	showFlag(): void {
		this.dom.classList.add("moving")
		requestAnimationFrame(() => this.turn())
		clearTimeout(this.timer)
		this.timer = setTimeout(() => this.dom.classList.remove("moving"), flagTime)
	}

	/** A flag that would leave the window on the right hangs to the left. */
	private turn(): void {
		const { right } = this.dom.getBoundingClientRect()
		const { clientWidth } = this.dom.ownerDocument.documentElement
		this.dom.classList.toggle("turned", right + this.flag.offsetWidth > clientWidth)
	}

	destroy(): void {
		clearTimeout(this.timer)
	}
}
