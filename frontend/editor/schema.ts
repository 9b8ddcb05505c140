// The flat ProseMirror schema: a document is a list of lines, a line is text and atoms. It has exactly what a delta
// has - one line node per "\n", one mark per inline attribute, one atom per embed - so that the mapping is exact in
// both directions and a delta index becomes a position by counting lines (convert.ts).

import { type DOMOutputSpec, type MarkSpec, type Node, type NodeSpec, Schema } from "prosemirror-model"
import { blockKind } from "./block.js"
import { cleanLink } from "./clean.js"

/** Attributes that stand on a line's "\n". Named as in the delta; null means absent. */
export const blockKeys = ["header", "list", "indent", "align", "blockquote", "code-block", "direction"] as const
export type BlockKey = (typeof blockKeys)[number]

/** Attributes that only an image carries, beside the inline marks. */
export const imageKeys = ["width", "alt"] as const
export type ImageKey = (typeof imageKeys)[number]

/** Inline attributes whose only value is true. */
export const flagMarks = ["bold", "italic", "underline", "strike", "code"] as const
/** Inline attributes with a string value; the mark keeps it as `value`. */
export const valueMarks = ["link", "color", "background"] as const

const blockKeySet: ReadonlySet<string> = new Set(blockKeys)
const imageKeySet: ReadonlySet<string> = new Set(imageKeys)

export function isBlockKey(key: string): key is BlockKey {
	return blockKeySet.has(key)
}

export function isImageKey(key: string): key is ImageKey {
	return imageKeySet.has(key)
}

const absent = { default: null }

/** Check boxes that were drawn, so that no two have one id. */
let checks = 0

function lineToDOM(node: Node): DOMOutputSpec {
	const kind = blockKind(node.attrs)
	const attrs: Record<string, string> = { class: "line", dir: node.attrs.direction === "rtl" ? "rtl" : "auto" }
	if (node.attrs.indent) attrs["data-indent"] = String(node.attrs.indent)
	if (node.attrs.align) attrs["data-align"] = String(node.attrs.align)
	switch (kind) {
		case "heading1":
			return ["h1", attrs, 0]
		case "heading2":
			return ["h2", attrs, 0]
		case "heading3":
			return ["h3", attrs, 0]
		case "quote":
			return ["blockquote", attrs, 0]
		case "code":
			if (typeof node.attrs["code-block"] === "string") attrs["data-language"] = node.attrs["code-block"]
			return ["div", { ...attrs, "data-code": "", dir: "ltr", spellcheck: "false" }, 0]
		case "bullet":
		case "ordered":
			return ["div", { ...attrs, "data-list": kind, role: "list" }, item(node)]
		case "check": {
			const checked = String(node.attrs.list === "checked")
			// The box has its line's text for a name, as that is at any time; where there is none, the label.
			const id = `check-${++checks}`
			const label = { "aria-label": "Done", "aria-labelledby": id }
			return [
				"div",
				{ ...attrs, "data-list": "check", "data-checked": checked },
				["span", { class: "check", contenteditable: "false", role: "checkbox", "aria-checked": checked, ...label }],
				["div", { class: "check-text", role: "list", id }, item(node)],
			]
		}
		default:
			return ["p", attrs, 0]
	}
}

/**
 * What a screen reader hears of a line in a list: an item and its level. An item needs a list around it, and the lines of
 * one have no element in common, so each is told as a list of its own.
 */
function item(node: Node): DOMOutputSpec {
	return ["div", { role: "listitem", "aria-level": String(Number(node.attrs.indent ?? 0) + 1) }, 0]
}

const line: NodeSpec = {
	content: "inline*",
	// A click with Ctrl, as on a link, would select the whole line, and the next key replace it.
	selectable: false,
	attrs: Object.fromEntries(blockKeys.map((key) => [key, absent])),
	toDOM: lineToDOM,
	// Only for what a browser itself puts into the editable element; paste has its own parser (paste.ts).
	parseDOM: [{ tag: "p" }, { tag: "div" }, { tag: "h1" }, { tag: "h2" }, { tag: "h3" }, { tag: "li" }],
}

const image: NodeSpec = {
	inline: true,
	group: "inline",
	attrs: { src: {}, width: absent, alt: absent },
	draggable: true,
	toDOM: (node) => {
		const attrs: Record<string, string> = { src: node.attrs.src, alt: node.attrs.alt ?? "" }
		if (node.attrs.width !== null) attrs.width = String(node.attrs.width)
		return ["img", attrs]
	},
}

const divider: NodeSpec = {
	inline: true,
	group: "inline",
	toDOM: () => ["span", { class: "divider" }, ["hr"]],
	parseDOM: [{ tag: "hr" }],
}

const mention: NodeSpec = {
	inline: true,
	group: "inline",
	attrs: { id: {}, name: {} },
	// The text a mention stands for when the text around it is read or copied.
	leafText: (node) => `@${node.attrs.name}`,
	toDOM: (node) => ["span", { class: "mention", "data-mention": node.attrs.id }, `@${node.attrs.name}`],
}

/**
 * A mark with a value. What the browser has written anew is read from the DOM: Firefox does so to a line that is typed
 * in behind a link, and without a rule its links and colours were gone. The clipboard has a reader of its own.
 */
const valued = (tag: string, read: (element: HTMLElement) => string | null): MarkSpec => ({
	attrs: { value: {} },
	parseDOM: [
		{
			tag,
			getAttrs: (element) => {
				const value = read(element)
				return value ? { value } : false
			},
		},
	],
})

const marks: Record<string, MarkSpec> = {
	link: {
		...valued("a", (element) => cleanLink(element.getAttribute("href") ?? "")),
		inclusive: false,
		toDOM: (mark) => ["a", { href: mark.attrs.value, rel: "noopener noreferrer nofollow", target: "_blank" }, 0],
	},
	bold: { toDOM: () => ["strong", 0], parseDOM: [{ tag: "b" }, { tag: "strong" }] },
	italic: { toDOM: () => ["em", 0], parseDOM: [{ tag: "i" }, { tag: "em" }] },
	underline: { toDOM: () => ["u", 0], parseDOM: [{ tag: "u" }] },
	strike: { toDOM: () => ["s", 0], parseDOM: [{ tag: "s" }, { tag: "strike" }] },
	color: {
		...valued(".ink", ({ style }) => style.getPropertyValue("--ink")),
		// Set through the CSSOM by ProseMirror, so a strict style-src does not object.
		toDOM: (mark) => ["span", { class: "ink", style: `--ink:${mark.attrs.value}` }, 0],
	},
	background: {
		...valued(".highlight", ({ style }) => style.getPropertyValue("--highlight")),
		toDOM: (mark) => ["span", { class: "highlight", style: `--highlight:${mark.attrs.value}` }, 0],
	},
	code: { code: true, toDOM: () => ["code", { spellcheck: "false" }, 0], parseDOM: [{ tag: "code" }] },
}

export const schema = new Schema({
	nodes: { doc: { content: "line+" }, line, text: { group: "inline" }, image, divider, mention },
	marks,
})

export const lineType = schema.nodes.line as NonNullable<(typeof schema.nodes)["line"]>
