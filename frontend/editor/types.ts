// The editor's public face: what the page (toolbar, menus, bubbles, dialogs) may use. Everything counts UTF-16 code
// units in the document's delta (law A1); rectangles are in CSS px of the viewport, as getBoundingClientRect gives them.

import type { EditorView } from "prosemirror-view"
import type { ClientDocument } from "../client/index.js"

/** Inline marks without a value. */
export type ToggleMark = "bold" | "italic" | "underline" | "strike" | "code"

/** What a line is shown as. One line may carry several block keys after concurrent edits; see block.ts for who wins. */
export type BlockKind =
	| "paragraph"
	| "heading1"
	| "heading2"
	| "heading3"
	| "bullet"
	| "ordered"
	| "check"
	| "quote"
	| "code"

export type Align = "left" | "center" | "right" | "justify"

/** A rectangle in CSS px of the viewport. */
export interface Rect {
	readonly left: number
	readonly top: number
	readonly right: number
	readonly bottom: number
}

/** Formatting at the selection, for pressed buttons. A mark counts as active when the whole selection carries it. */
export interface Formats {
	readonly marks: Readonly<Record<ToggleMark, boolean>>
	/** Address of the link at the caret or around the selection. */
	readonly link: string | null
	/** "#rrggbb" */
	readonly color: string | null
	/** "#rrggbb" */
	readonly background: string | null
	/** Kind of the first selected line. */
	readonly block: BlockKind
	/** 0..8 */
	readonly indent: number
	readonly align: Align
	readonly direction: "ltr" | "rtl"
	/** Language word of a code block, if it has one. */
	readonly language: string | null
	/** True when an image is selected. */
	readonly image: ImageAttributes | null
}

export interface ImageAttributes {
	readonly url: string
	readonly alt: string
	/** CSS px, 16..4096; null means natural size. */
	readonly width: number | null
}

/** Text typed after "/" (slash menu) or "@" (mentions), while the caret is in it. */
export interface Suggestion {
	readonly kind: "slash" | "mention"
	/** Text after the trigger. */
	readonly query: string
	/** Index of the trigger character. */
	readonly index: number
	/** Where the trigger stands, for placing the menu. */
	readonly rect: Rect
}

/** A match list of find in document. */
export interface FindState {
	readonly query: string
	readonly caseSensitive: boolean
	readonly count: number
	/** 0-based match that is marked as current, -1 when there is none. */
	readonly current: number
}

/** A snapshot of everything the page draws around the text. A new object per change; compare parts, not the whole. */
export interface EditorSnapshot {
	readonly formats: Formats
	readonly canUndo: boolean
	readonly canRedo: boolean
	readonly focused: boolean
	readonly composing: boolean
	readonly readOnly: boolean
	/** UTF-16 index of both ends. */
	readonly selection: { readonly anchor: number; readonly head: number; readonly empty: boolean }
	readonly suggestion: Suggestion | null
	readonly find: FindState | null
	/** Grows with every change of the document; a cheap key for outline and word count. */
	readonly generation: number
}

export interface Heading {
	readonly level: 1 | 2 | 3
	readonly text: string
	/** Index of the line's first character. */
	readonly index: number
}

export interface WordCount {
	readonly words: number
	/** Grapheme-like count: code points without line ends. */
	readonly characters: number
}

/** A peer's caret for marks at the scroll edge. */
export interface PeerCaret {
	readonly peer: string
	readonly name: string
	readonly color: string
	/** null when the peer has no selection. */
	readonly rect: Rect | null
	readonly place: "above" | "visible" | "below"
}

/** A person that "@" may name. */
export interface Person {
	readonly id: string
	readonly name: string
}

/** Every command focuses nothing by itself and returns whether it applied. Read-only editors answer false. */
export interface Commands {
	toggleMark(mark: ToggleMark): boolean
	setColor(color: string | null): boolean
	setBackground(color: string | null): boolean
	/** Link the selection (or the link at the caret); null removes it; with an empty selection `text` is inserted. False for unsafe addresses. */
	setLink(href: string | null, text?: string): boolean
	/** Give every selected line this kind; toggles back to paragraph when all have it already. */
	setBlock(kind: BlockKind, toggle?: boolean): boolean
	setCodeLanguage(language: string | null): boolean
	setAlign(align: Align): boolean
	setDirection(direction: "ltr" | "rtl"): boolean
	indent(): boolean
	outdent(): boolean
	toggleCheck(): boolean
	insertText(text: string): boolean
	insertImage(image: { url: string; alt?: string; width?: number }): boolean
	/** Change the selected image; undefined leaves a value, null removes it. */
	updateImage(image: { alt?: string | null; width?: number | null }): boolean
	insertDivider(): boolean
	insertMention(person: Person): boolean
	clearFormatting(): boolean
	selectAll(): boolean
	undo(): boolean
	redo(): boolean
}

export interface SuggestionControl {
	/** Replace trigger and query: by a mention, or by nothing before `run` (slash menu). */
	accept(choice: Person | ((commands: Commands) => void)): void
	/** Close until the trigger is typed again. */
	dismiss(): void
	/** Keys while a suggestion is open (arrows, Enter, Tab) come here first; true means used. Escape dismisses by itself. */
	onKey: ((event: KeyboardEvent) => boolean) | null
}

export interface Find {
	/** Marks all matches and selects none; an empty query clears. The first match at or after the caret becomes current. */
	search(query: string, options?: { caseSensitive?: boolean }): FindState
	/** Makes the next match current and scrolls it into view. */
	next(): FindState
	previous(): FindState
	/** Ends the search; the current match becomes the selection. */
	close(): void
}

export interface EditorOptions {
	/** Empty element that becomes the editor's mount. */
	readonly element: HTMLElement
	readonly document: ClientDocument
	readonly readOnly?: boolean
	/** Shown while the document is empty. */
	readonly placeholder?: string
	/** Accessible name of the text box. */
	readonly label?: string
	/** Mod-k, or a click on "edit link": open the link dialog. */
	readonly onLink?: () => void
	/** Mod-f: open the find bar. */
	readonly onFind?: () => void
	/** A link was opened with a modifier or Enter; default opens a new tab without opener. */
	readonly onOpenLink?: (href: string) => void
	/** Something that the editor cannot do, in a sentence for people (an image file was pasted). */
	readonly onNotice?: (message: string) => void
}

/** One editor on one document. Browser main thread only. */
export interface Editor {
	readonly view: EditorView
	readonly commands: Commands
	readonly suggestion: SuggestionControl
	readonly find: Find
	/** The latest snapshot. */
	readonly snapshot: EditorSnapshot
	/** Called at most once per change of the snapshot, after the view is drawn. Returns the unsubscribe function. */
	subscribe(listener: (snapshot: EditorSnapshot) => void): () => void
	/** Rectangle of the selection (for the bubble), or null when nothing is selected or it is out of view. Forces layout. */
	selectionRect(): Rect | null
	/** Carets of peers with their place relative to the scroller. Forces layout. */
	peerCarets(): PeerCaret[]
	/** Scroll to a peer's caret and show its flag. False when the peer has none. */
	scrollToPeer(peer: string): boolean
	/** Keep a peer's caret in view until null or the person types or scrolls. */
	follow(peer: string | null): void
	scrollToIndex(index: number): void
	setReadOnly(readOnly: boolean): void
	focus(): void
	destroy(): void
}
