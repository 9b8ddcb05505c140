// The editor: one ProseMirror view on one client document, and what the page may do with it.

import { keymap } from "prosemirror-keymap"
import { type Command, EditorState, Plugin } from "prosemirror-state"
import { Decoration, DecorationSet, EditorView } from "prosemirror-view"
import { Bridge, catchUp, endComposition, isRemote, selectionIndexes } from "./bridge.js"
import { clipboardPlugin } from "./clipboard.js"
import * as commands from "./commands.js"
import { documentOf, positionOf } from "./convert.js"
import { createFind, findPlugin, findState } from "./find.js"
import { formatsOf } from "./formats.js"
import { guardPlugin } from "./guard.js"
import { History } from "./history.js"
import { ImageView } from "./image.js"
import { keyBindings } from "./keys.js"
import { composeOverLines, inputOverLines } from "./over-lines.js"
import { Peers, peersKey } from "./peers.js"
import { pointerPlugin } from "./pointer.js"
import { rulesPlugin } from "./rules.js"
import { dismissSuggestion, openSuggestion, suggestionPlugin } from "./suggestion.js"
import type {
	Commands,
	Editor,
	EditorOptions,
	EditorSnapshot,
	Formats,
	Rect,
	SuggestionControl,
	ToggleMark,
} from "./types.js"
import { clearOfBars, visiblePart } from "./viewport.js"

const writers: ReadonlySet<string> = new Set(["editor", "owner"])
const emptyDocument = [{ insert: "\n" }]

/** A key is used up when the page has something to open; the browser's own find stays otherwise. */
function called(callback: (() => void) | undefined): boolean {
	callback?.()
	return callback !== undefined
}

/** Makes an editor inside `options.element`. The document may still be loading; it is read-only until then. */
export function createEditor(options: EditorOptions): Editor {
	return new DocumentEditor(options)
}

class DocumentEditor implements Editor {
	readonly view: EditorView
	readonly commands: Commands
	readonly suggestion: SuggestionControl
	readonly find: Editor["find"]
	private readonly history = new History()
	private readonly peers = new Peers()
	private readonly bridge: Bridge
	private readonly listeners = new Set<(snapshot: EditorSnapshot) => void>()
	private readonly unsubscribe: (() => void)[]
	private cached: EditorSnapshot | undefined
	/** Of the last snapshot: the same object while they are the same, so that a toolbar need not be drawn again. */
	private formats: Formats | undefined
	private notifying = false
	private generation = 0
	private readOnly: boolean
	private followed: string | null = null
	private wasEditable: boolean
	/** The last key was Escape. */
	private escaped = false

	constructor(private readonly options: EditorOptions) {
		const { document } = options
		this.readOnly = options.readOnly ?? false
		this.wasEditable = this.editable
		this.view = new EditorView(
			{ mount: options.element },
			{
				state: this.initialState(),
				editable: () => this.editable,
				nodeViews: { image: (node, view, position) => new ImageView(node, view, position) },
				dispatchTransaction: (tr) => this.dispatch(tr),
				attributes: () => this.attributes(),
				...clearOfBars(),
			},
		)
		this.bridge = new Bridge(this.view, document, this.history, () => this.showPeers())
		this.commands = this.bindCommands()
		this.suggestion = this.suggestionControl()
		this.find = createFind(this.view, (position) => this.scrollToPosition(position))
		this.unsubscribe = [
			document.on("change", ({ delta, source }) => {
				if (source === "remote") this.bridge.receive(delta)
			}),
			document.on("reset", () => {
				this.bridge.reload()
				this.refresh()
			}),
			document.on("presence", () => this.showPeers()),
			document.on("role", () => this.refresh()),
			document.on("status", () => this.refresh()),
		]
		this.showPeers()
	}

	private initialState(): EditorState {
		const { document, onLink, onFind } = this.options
		const bindings = keyBindings({
			undo: () => this.travel("undo"),
			redo: () => this.travel("redo"),
			openLink: () => called(onLink),
			find: () => called(onFind),
		})
		return EditorState.create({
			doc: documentOf(document.loaded ? document.content : emptyDocument),
			plugins: [
				suggestionPlugin((event) => this.suggestion.onKey?.(event) ?? false),
				rulesPlugin,
				keymap(bindings),
				this.eventsPlugin(),
				clipboardPlugin((message) => this.options.onNotice?.(message)),
				pointerPlugin((href) => this.openLink(href)),
				this.placeholderPlugin(),
				this.peers.plugin,
				findPlugin,
				guardPlugin,
			],
		})
	}

	private eventsPlugin(): Plugin {
		return new Plugin({
			props: {
				handleDOMEvents: {
					compositionend: () => {
						this.bridge.settle()
						this.changed()
						return false
					},
					keydown: (view, event) => {
						// Tab writes; Escape before it gives it back to the page, so that the keyboard gets out (WCAG 2.1.2).
						if (event.key === "Tab" && this.escaped) return true
						if (event.key !== "Shift") this.escaped = event.key === "Escape"
						// A browser whose composition was undone says nothing, but the next key is not of one (229: of one, by old ways).
						if (!event.isComposing && event.keyCode !== 229) endComposition(view)
						// The browser tells of a moved caret later than of the next key; a quick End, Enter would split the
						// line where the caret was. Reading the DOM's selection first needs ProseMirror's own observer.
						catchUp(view)
						// Within 200 ms of the focus ProseMirror takes a caret at the very start for the browser's own doing and puts it
						// back: Escape in a dialog and Ctrl+Home at once left it where it was.
						;(view as unknown as { input: { lastFocus: number } }).input.lastFocus = 0
						return false
					},
					compositionstart: (view) => {
						composeOverLines(view)
						this.changed()
						return false
					},
					focus: () => {
						this.bridge.sendPresence()
						this.changed()
						return false
					},
					blur: () => {
						this.changed()
						return false
					},
					// The browser's own undo and looks (menus, gestures) would work on the DOM behind everybody's back.
					beforeinput: (view, event) => {
						const look = /^format(Bold|Italic|Underline|Strike)?/.exec(event.inputType)
						const direction =
							event.inputType === "historyUndo" ? "undo" : event.inputType === "historyRedo" ? "redo" : null
						if (direction) this.travel(direction)
						else if (look) look[1] && this.commands.toggleMark(look[1].toLowerCase() as ToggleMark)
						else if (!inputOverLines(view, event)) return false
						event.preventDefault()
						return true
					},
				},
			},
		})
	}

	private placeholderPlugin(): Plugin {
		const { placeholder } = this.options
		return new Plugin({
			props: {
				decorations: ({ doc }) => {
					const line = doc.firstChild
					if (!placeholder || !this.editable || doc.childCount !== 1 || !line || line.content.size > 0) return null
					return DecorationSet.create(doc, [
						Decoration.node(0, line.nodeSize, { class: "empty-line", "data-placeholder": placeholder }),
					])
				},
			},
		})
	}

	private attributes(): Record<string, string> {
		return {
			class: "writing",
			role: "textbox",
			"aria-multiline": "true",
			"aria-label": this.options.label ?? "Document text",
			"aria-readonly": String(!this.editable),
			translate: "no",
			spellcheck: "true",
			// A read-only text still takes focus, for selection, find and reading by keyboard.
			tabindex: "0",
		}
	}

	private get editable(): boolean {
		const { document } = this.options
		const ended = document.status.state === "removed" || document.status.state === "failed"
		return !this.readOnly && document.loaded && !ended && writers.has(document.role)
	}

	private dispatch(tr: EditorState["tr"]): void {
		// Only remote changes may write into a read-only view, and those come with their meta.
		if (tr.docChanged && !this.editable && !isRemote(tr)) return
		try {
			if (this.bridge.dispatch(tr)) this.generation++
		} finally {
			this.changed()
		}
		// A caret moves by its own transaction when nobody types.
		if (this.followed && (isRemote(tr) || tr.getMeta(peersKey))) this.scrollToPeer(this.followed)
	}

	private run(command: Command): boolean {
		if (!this.editable) return false
		return command(this.view.state, this.view.dispatch, this.view)
	}

	private travel(direction: "undo" | "redo"): boolean {
		return this.editable && this.bridge.travel(direction)
	}

	private bindCommands(): Commands {
		const run = (command: Command) => this.run(command)
		return {
			toggleMark: (mark) => run(commands.toggleMark(mark)),
			setColor: (color) => run(commands.setColorMark("color", color)),
			setBackground: (color) => run(commands.setColorMark("background", color)),
			setLink: (href, text) => run(commands.setLink(href, text)),
			setBlock: (kind, toggle) => run(commands.setBlock(kind, toggle)),
			setCodeLanguage: (language) => run(commands.setCodeLanguage(language)),
			setAlign: (align) => run(commands.setAlign(align)),
			setDirection: (direction) => run(commands.setDirection(direction)),
			indent: () => run(commands.indentBy(1)),
			outdent: () => run(commands.indentBy(-1)),
			toggleCheck: () => run(commands.toggleCheck()),
			insertText: (text) => run(commands.insertText(text)),
			insertImage: (image) => run(commands.insertImage(image)),
			updateImage: (image) => run(commands.updateImage(image)),
			insertDivider: () => run(commands.insertDivider),
			insertMention: (person) => run(commands.insertMention(person)),
			clearFormatting: () => run(commands.clearFormatting),
			selectAll: () => commands.selectAll(this.view.state, this.view.dispatch),
			undo: () => this.travel("undo"),
			redo: () => this.travel("redo"),
		}
	}

	private suggestionControl(): SuggestionControl {
		const { view } = this
		return {
			onKey: null,
			accept: (choice) => {
				const open = openSuggestion(view.state)
				if (!open) return
				const tr = view.state.tr.delete(open.from, open.to)
				view.dispatch(dismissSuggestion(tr))
				if (typeof choice === "function") choice(this.commands)
				else this.commands.insertMention(choice)
				view.focus()
			},
			dismiss: () => view.dispatch(dismissSuggestion(view.state.tr)),
		}
	}

	private openLink(href: string): void {
		const { onOpenLink } = this.options
		if (onOpenLink) onOpenLink(href)
		else this.view.dom.ownerDocument.defaultView?.open(href, "_blank", "noopener,noreferrer")
	}

	private showPeers(): void {
		// Before their selections are asked for, which what is read moves.
		catchUp(this.view)
		// While changes are held back, selections are about a text that the view does not show yet.
		if (!this.bridge.holding) this.peers.update(this.options.document.peers)
	}

	/** Rights or status changed: the view reads `editable` and its attributes again. */
	private refresh(): void {
		// The status changes with every edit that is saved, the right to write hardly ever.
		if (this.view.isDestroyed || this.editable === this.wasEditable) return
		this.wasEditable = this.editable
		this.view.setProps({})
		this.changed()
	}

	/** Tells listeners once, after the view is drawn. */
	private changed(): void {
		this.cached = undefined
		if (this.notifying) return
		this.notifying = true
		queueMicrotask(() => {
			this.notifying = false
			if (this.view.isDestroyed) return
			for (const listener of this.listeners) listener(this.snapshot)
		})
	}

	get snapshot(): EditorSnapshot {
		this.cached ??= this.takeSnapshot()
		return this.cached
	}

	private takeSnapshot(): EditorSnapshot {
		const { state } = this.view
		const open = openSuggestion(state)
		const formats = formatsOf(state)
		if (JSON.stringify(formats) !== JSON.stringify(this.formats)) this.formats = formats
		return {
			formats: this.formats ?? formats,
			canUndo: this.history.canUndo,
			canRedo: this.history.canRedo,
			focused: this.view.hasFocus(),
			composing: this.view.composing,
			readOnly: !this.editable,
			selection: { ...selectionIndexes(state), empty: state.selection.empty },
			suggestion: open
				? {
						kind: open.kind,
						query: open.query,
						index: open.from - state.doc.resolve(open.from).index(0) - 1,
						rect: this.rectAt(open.from),
					}
				: null,
			find: findState(state),
			generation: this.generation,
		}
	}

	private rectAt(position: number): Rect {
		const { left, top, right, bottom } = this.view.coordsAtPos(position)
		return { left, top, right, bottom }
	}

	subscribe(listener: (snapshot: EditorSnapshot) => void): () => void {
		this.listeners.add(listener)
		return () => this.listeners.delete(listener)
	}

	selectionRect(): Rect | null {
		const { selection } = this.view.state
		if (selection.empty) return null
		const from = this.view.coordsAtPos(selection.from, 1)
		const to = this.view.coordsAtPos(selection.to, -1)
		const sameLine = Math.abs(from.top - to.top) < 4
		const box = this.view.dom.getBoundingClientRect()
		return {
			left: sameLine ? Math.min(from.left, to.left) : box.left,
			right: sameLine ? Math.max(from.right, to.right) : box.right,
			top: Math.min(from.top, to.top),
			bottom: Math.max(from.bottom, to.bottom),
		}
	}

	peerCarets() {
		return this.peers.places(visiblePart(this.view))
	}

	scrollToPeer(peer: string): boolean {
		const position = this.peers.positionOf(peer)
		if (position === null) return false
		this.scrollToPosition(position)
		this.peers.showFlag(peer)
		return true
	}

	follow(peer: string | null): void {
		this.followed = peer
		if (peer) this.scrollToPeer(peer)
	}

	scrollToIndex(index: number): void {
		this.scrollToPosition(positionOf(this.view.state.doc, index))
	}

	/** Without touching the selection, which is somewhere else. */
	private scrollToPosition(position: number): void {
		const { node } = this.view.domAtPos(position)
		const element = node instanceof Element ? node : node.parentElement
		element?.scrollIntoView?.({ block: "center", inline: "nearest" })
	}

	setReadOnly(readOnly: boolean): void {
		this.readOnly = readOnly
		this.refresh()
	}

	focus(): void {
		this.view.focus()
	}

	destroy(): void {
		for (const stop of this.unsubscribe) stop()
		this.listeners.clear()
		this.bridge.destroy()
		this.view.destroy()
	}
}
