// Lines -> semantic HTML and Markdown-friendly text, for the clipboard. Lists nest, neighbouring quote and code lines
// become one element; any word processor or mail program can read it, and paste.ts reads it back without loss.

import type { Fragment, Node as Line, Mark, Slice } from "prosemirror-model"
import { blockKind, isListKind } from "./block.js"
import { isDivider } from "./lines.js"
import { lineType } from "./schema.js"
import type { BlockKind } from "./types.js"

/** The lines of a fragment; loose text and atoms are one line. */
export function linesIn(content: Fragment): Line[] {
	if (content.firstChild?.type === lineType) {
		const lines: Line[] = []
		content.forEach((line) => {
			lines.push(line)
		})
		return lines
	}
	return [lineType.create(null, content)]
}

/** A slice of lines without its ends, so that a bit of a heading is copied as text and not as a heading. */
function isPart(content: Fragment): boolean {
	return content.childCount === 1
}

// ---- HTML ----

/** Serializes in the shape of a ProseMirror DOMSerializer. */
export function htmlOf(content: Fragment, owner: Document): DocumentFragment {
	const target = owner.createDocumentFragment()
	const lines = linesIn(content)
	if (isPart(content) && blockKind(lines[0]?.attrs ?? {}) === "paragraph") {
		// One piece of a paragraph stays inline, so that it goes into the text where it is pasted.
		const span = owner.createElement("span")
		inlineInto(span, lines[0] as Line, owner)
		target.append(span)
		return target
	}
	for (let at = 0; at < lines.length; ) at = blockInto(target, lines, at, owner)
	return target
}

/** Writes the block that begins at a line; returns the first line behind it. */
function blockInto(target: Node, lines: readonly Line[], at: number, owner: Document): number {
	const line = lines[at] as Line
	const kind = blockKind(line.attrs)
	if (isListKind(kind)) return listInto(target, lines, at, Number(line.attrs.indent ?? 0), owner)
	const end = runEnd(lines, at, kind)
	if (kind === "code") {
		const pre = owner.createElement("pre")
		const code = owner.createElement("code")
		if (typeof line.attrs["code-block"] === "string") code.className = `language-${line.attrs["code-block"]}`
		code.textContent = lines
			.slice(at, end)
			.map((each) => each.textContent)
			.join("\n")
		pre.append(code)
		target.appendChild(pre)
		return end
	}
	if (kind === "quote") {
		const quote = owner.createElement("blockquote")
		for (const each of lines.slice(at, end)) paragraphInto(quote, each, "p", owner)
		target.appendChild(quote)
		return end
	}
	if (isDivider(line)) target.appendChild(owner.createElement("hr"))
	else paragraphInto(target, line, kind.startsWith("heading") ? `h${kind.slice(-1)}` : "p", owner)
	return at + 1
}

function runEnd(lines: readonly Line[], at: number, kind: BlockKind): number {
	let end = at + 1
	const first = (lines[at] as Line).attrs
	for (; end < lines.length; end++) {
		const { attrs } = lines[end] as Line
		if (blockKind(attrs) !== kind || attrs.indent !== first.indent || attrs["code-block"] !== first["code-block"]) break
	}
	return end
}

function paragraphInto(target: Node, line: Line, tag: string, owner: Document): HTMLElement {
	const element = owner.createElement(tag)
	// What nesting says to others it does not say of paragraphs, nor of a part of a list.
	if (line.attrs.indent) element.setAttribute("data-indent", line.attrs.indent)
	if (line.attrs.align) element.setAttribute("align", line.attrs.align)
	if (line.attrs.direction === "rtl") element.setAttribute("dir", "rtl")
	inlineInto(element, line, owner)
	if (line.content.size === 0) element.append(owner.createElement("br"))
	target.appendChild(element)
	return element
}

/** Writes the list of items from `at` with at least that indent, and in them what stands indented under them. */
function listInto(target: Node, lines: readonly Line[], at: number, indent: number, owner: Document): number {
	const kind = blockKind((lines[at] as Line).attrs)
	const list = owner.createElement(kind === "ordered" ? "ol" : "ul")
	target.appendChild(list)
	let item: HTMLElement | null = null
	let next = at
	while (next < lines.length) {
		const line = lines[next] as Line
		const own = Number(line.attrs.indent ?? 0)
		const ownKind = blockKind(line.attrs)
		if (own < indent) break
		if (!isListKind(ownKind)) {
			if (own === indent || !item) break
			next = blockInto(item, lines, next, owner)
			continue
		}
		if (own > indent) {
			next = listInto(item ?? list, lines, next, own, owner)
			continue
		}
		if (ownKind !== kind) break
		item = paragraphInto(list, line, "li", owner)
		if (kind === "check") {
			const box = owner.createElement("input")
			box.type = "checkbox"
			box.toggleAttribute("checked", line.attrs.list === "checked")
			item.prepend(box)
		}
		next++
	}
	return next
}

const markTags: Readonly<Record<string, string>> = {
	link: "a",
	bold: "strong",
	italic: "em",
	underline: "u",
	strike: "s",
	code: "code",
	color: "span",
	background: "span",
}

function wrap(element: Node, mark: Mark, owner: Document): Node {
	const wrapper = owner.createElement(markTags[mark.type.name] ?? "span")
	const { value } = mark.attrs
	if (mark.type.name === "link") wrapper.setAttribute("href", value)
	if (mark.type.name === "color") {
		wrapper.setAttribute("data-color", value)
		wrapper.style.color = value
	}
	if (mark.type.name === "background") {
		wrapper.setAttribute("data-background", value)
		wrapper.style.backgroundColor = value
	}
	wrapper.append(element)
	return wrapper
}

function inlineInto(target: Node, line: Line, owner: Document): void {
	line.forEach((node) => {
		let element: Node
		if (node.isText) element = owner.createTextNode(spaced(node.text as string))
		else if (node.type.name === "image") {
			const image = owner.createElement("img")
			image.setAttribute("src", node.attrs.src)
			image.setAttribute("alt", node.attrs.alt ?? "")
			if (node.attrs.width) image.setAttribute("width", String(node.attrs.width))
			element = image
		} else if (node.type.name === "mention") {
			const mention = owner.createElement("span")
			mention.setAttribute("data-mention", node.attrs.id)
			mention.textContent = `@${node.attrs.name}`
			element = mention
		} else element = owner.createElement("hr")
		for (const mark of [...node.marks].reverse()) element = wrap(element, mark, owner)
		target.appendChild(element)
	})
}

/** Readers of HTML fold spaces; no-break ones keep what stood there. */
function spaced(text: string): string {
	return text.replace(/^ | $|(?<= ) /g, "\u00a0")
}

// ---- Text ----

/** Lines as text that reads as Markdown. */
export function textOf(slice: Slice): string {
	const lines = linesIn(slice.content)
	if (lines.length === 1 && slice.openStart > 0) return inlineText(lines[0] as Line, false)
	const counts: number[] = []
	let inCode = false
	const parts: string[] = []
	for (const line of lines) {
		const kind = blockKind(line.attrs)
		// What stands indented under an item leaves its number going on.
		counts.length = Math.min(counts.length, Number(line.attrs.indent ?? 0) + (kind === "ordered" ? 1 : 0))
		if ((kind === "code") !== inCode) {
			inCode = kind === "code"
			const language = typeof line.attrs["code-block"] === "string" ? line.attrs["code-block"] : ""
			parts.push(inCode ? `\`\`\`${language}` : "```")
		}
		parts.push(inCode ? line.textContent : prefixOf(line, kind, counts) + inlineText(line, true))
	}
	if (inCode) parts.push("```")
	return parts.join("\n")
}

/** What Markdown puts before a line; `counts` numbers ordered lists per indent and is advanced. */
function prefixOf(line: Line, kind: BlockKind, counts: number[]): string {
	const indent = Number(line.attrs.indent ?? 0)
	const margin = "    ".repeat(indent)
	switch (kind) {
		case "heading1":
		case "heading2":
		case "heading3":
			return `${"#".repeat(Number(kind.slice(-1)))} `
		case "bullet":
			return `${margin}- `
		case "check":
			return `${margin}- [${line.attrs.list === "checked" ? "x" : " "}] `
		case "ordered":
			counts[indent] = (counts[indent] ?? 0) + 1
			return `${margin}${counts[indent]}. `
		case "quote":
			return "> "
		default:
			return ""
	}
}

const markSigns: readonly (readonly [string, string])[] = [
	["bold", "**"],
	["italic", "*"],
	["strike", "~~"],
	["code", "`"],
]

function inlineText(line: Line, signs: boolean): string {
	let text = ""
	line.forEach((node) => {
		if (node.type.name === "divider") text += "---"
		else if (node.type.name === "mention") text += `@${node.attrs.name}`
		else if (node.type.name === "image") text += `![${node.attrs.alt ?? ""}](${node.attrs.src})`
		else text += signs ? signed(node) : (node.text ?? "")
	})
	return text
}

function signed(node: Line): string {
	const has = (name: string) => node.marks.find((mark) => mark.type.name === name)
	const text = node.text ?? ""
	const [, before, core, after] = /^(\s*)(.*?)(\s*)$/s.exec(text) ?? ["", "", text, ""]
	if (!core) return text
	let result = core
	for (const [name, sign] of [...markSigns].reverse()) if (has(name)) result = sign + result + sign
	const link = has("link")
	const bare = (address: string) => address.replace(/\/$/, "")
	if (link && bare(link.attrs.value) !== bare(core)) result = `[${result}](${link.attrs.value})`
	return before + result + after
}
