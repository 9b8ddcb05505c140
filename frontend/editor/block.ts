// What a line is shown as. Concurrent edits can leave one line with several block keys that each ask for another look;
// every reader (view, toolbar, export) decides by this one table.

import type { Align, BlockKind } from "./types.js"

/** A line's attributes: the block keys of the delta, null or missing where absent. */
export type LineAttributes = Readonly<Record<string, unknown>>

const listKinds: Readonly<Record<string, BlockKind>> = {
	bullet: "bullet",
	ordered: "ordered",
	checked: "check",
	unchecked: "check",
}

/** Code hides everything else, since its text is literal; then lists, whose structure others count on; then looks. */
export function blockKind(attrs: LineAttributes): BlockKind {
	if (attrs["code-block"]) return "code"
	const list = listKinds[String(attrs.list)]
	if (list) return list
	if (attrs.header === 1) return "heading1"
	if (attrs.header === 2) return "heading2"
	if (attrs.header === 3) return "heading3"
	if (attrs.blockquote) return "quote"
	return "paragraph"
}

/** The keys that blockKind looks at; giving a line a kind clears those of all others. */
const kindKeys = ["header", "list", "blockquote", "code-block"] as const

const kindValues: Readonly<Record<BlockKind, Readonly<Record<string, unknown>>>> = {
	paragraph: {},
	heading1: { header: 1 },
	heading2: { header: 2 },
	heading3: { header: 3 },
	bullet: { list: "bullet" },
	ordered: { list: "ordered" },
	check: { list: "unchecked" },
	quote: { blockquote: true },
	code: { "code-block": true },
}

/** The attributes that turn a line into `kind`: what to set, and null for what to remove. */
export function kindAttributes(kind: BlockKind, current: LineAttributes): Record<string, unknown> {
	const wanted: Record<string, unknown> = { ...kindValues[kind] }
	if (kind === "check" && current.list === "checked") wanted.list = "checked"
	if (kind === "code" && typeof current["code-block"] === "string") wanted["code-block"] = current["code-block"]
	const change: Record<string, unknown> = {}
	for (const key of kindKeys) change[key] = wanted[key] ?? null
	// Indent outside a list or paragraph has no look of its own; leaving a list takes its indent along.
	if (current.indent && !isListKind(kind) && (isListKind(blockKind(current)) || kind !== "paragraph"))
		change.indent = null
	return change
}

export function isListKind(kind: BlockKind): boolean {
	return kind === "bullet" || kind === "ordered" || kind === "check"
}

export function alignOf(attrs: LineAttributes): Align {
	return attrs.align === "center" || attrs.align === "right" || attrs.align === "justify" ? attrs.align : "left"
}
