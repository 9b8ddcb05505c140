// Foreign HTML -> lines. Structure stays (headings, lists and their nesting, quotes, code, links, images, emphasis),
// styling goes. Word and Google Docs write structure as styling in places, and that is read.

import {
	cleanAlt,
	cleanColor,
	cleanImage,
	cleanLanguage,
	cleanLink,
	cleanName,
	cleanText,
	cleanWidth,
} from "./clean.js"
import { type Insert, insertOp, linesOf, type OpenLine } from "./convert.js"

type Attributes = Readonly<Record<string, unknown>>

/** What the elements around a text say about it. */
interface Context {
	readonly inline: Attributes
	readonly block: Attributes
	/** Nesting of lists: 0 outside, 1 in the outermost. */
	readonly depth: number
	readonly list: "bullet" | "ordered" | null
	/** What spaces mean: words apart, themselves, or - with line ends - everything as it stands. */
	readonly space: "fold" | "keep" | "pre"
	/** In a table's cell, where blocks are only words apart. */
	readonly cell: boolean
	/** Emphasis that a heading has anyway. */
	readonly heading: boolean
}

const outside: Context = { inline: {}, block: {}, depth: 0, list: null, space: "fold", cell: false, heading: false }

const skipped = new Set(
	"SCRIPT STYLE HEAD TITLE META LINK NOSCRIPT TEMPLATE OBJECT IFRAME SVG MATH TEXTAREA SELECT OPTION BUTTON AUDIO VIDEO CANVAS".split(
		" ",
	),
)
const blocks = new Set(
	"P DIV H1 H2 H3 H4 H5 H6 UL OL LI DL DT DD BLOCKQUOTE PRE TABLE THEAD TBODY TFOOT TR SECTION ARTICLE HEADER FOOTER MAIN NAV ASIDE FIGURE FIGCAPTION ADDRESS FORM FIELDSET CENTER DETAILS SUMMARY".split(
		" ",
	),
)
const headings: Readonly<Record<string, number>> = { H1: 1, H2: 2, H3: 3, H4: 3, H5: 3, H6: 3 }
const emphasis: Readonly<Record<string, string>> = {
	B: "bold",
	STRONG: "bold",
	I: "italic",
	EM: "italic",
	U: "underline",
	INS: "underline",
	S: "strike",
	STRIKE: "strike",
	DEL: "strike",
	CODE: "code",
	KBD: "code",
	SAMP: "code",
	TT: "code",
}
const maxIndent = 8

/** Where paste.html's style attributes are found after `setAsideStyles`. */
const styleAttribute = "data-style"

/**
 * Renames style attributes and event handlers in the source of pasted HTML: a strict content security policy
 * reports every one that the parser meets. What styles say is needed only as text, handlers never.
 */
export function setAsideStyles(html: string): string {
	return withoutSheets(html).replace(/<[a-z][^<>]*>/gi, (tag) =>
		tag.replace(/\sstyle(?=\s*=)/gi, ` ${styleAttribute}`).replace(/\son(?=[a-z]+\s*=)/gi, " data-on"),
	)
}

/** Cuts style elements out, in one walk: a search for each one's end is quadratic in those that have none. */
function withoutSheets(html: string): string {
	let kept = ""
	let from = 0
	let open = -1
	for (const { 0: tag, index } of html.matchAll(/<style\b|<\/style\s*>/gi)) {
		if (tag[1] !== "/") {
			if (open < 0) open = index
		} else if (open >= 0) {
			kept += html.slice(from, open)
			from = index + tag.length
			open = -1
		}
	}
	return kept + html.slice(from)
}

function stylesOf(element: Element): Map<string, string> {
	const styles = new Map<string, string>()
	const text = element.getAttribute(styleAttribute) ?? element.getAttribute("style") ?? ""
	for (const part of text.split(";")) {
		const colon = part.indexOf(":")
		if (colon > 0)
			styles.set(
				part.slice(0, colon).trim().toLowerCase(),
				part
					.slice(colon + 1)
					.trim()
					.toLowerCase(),
			)
	}
	return styles
}

/**
 * Reads a DOM tree (of any document) as lines; the last one is open. `exact` keeps spaces, for an editor's own copies.
 * `left` is called when there are pictures that cannot be kept.
 */
export function readLines(root: Node, exact = false, left?: () => void): OpenLine[] {
	const reader = new Reader(exact)
	reader.children(root, exact ? { ...outside, space: "keep" } : outside)
	if (reader.leaves) left?.()
	return reader.finish()
}

class Reader {
	constructor(private readonly exact: boolean) {}

	private readonly ops: Insert[] = []
	/** Inserts of the line that is being read, without its "\n". */
	private line: Insert[] = []
	private lineBlock: Attributes = {}
	/** Something was seen that makes even an empty line a line. */
	private solid = false
	/** List items whose first line is still to come carry their mark; later lines of the item only its indent. */
	private pendingItem: Attributes | null = null
	private first = true
	private last: Attributes = {}
	/**
	 * A picture stood in code, or had no address that others could see it by: word processors name files, and
	 * pages their own.
	 */
	leaves = false

	children(node: Node, context: Context): void {
		for (let child = node.firstChild; child; child = child.nextSibling) {
			if (child.nodeType === 3) this.text(child.nodeValue ?? "", context)
			else if (child.nodeType === 1) this.element(child as Element, context)
		}
	}

	finish(): OpenLine[] {
		this.endLine()
		const lines = linesOf(this.ops)
		const open = lines[lines.length - 1] as OpenLine
		open.attributes = this.last
		return lines
	}

	private text(text: string, context: Context): void {
		if (context.space === "pre") {
			for (const [number, part] of text.replace(/\r\n?/g, "\n").split("\n").entries()) {
				if (number > 0) this.breakLine(context)
				this.push(cleanText(part), context)
			}
			return
		}
		if (context.space === "keep") {
			this.push(cleanText(text.replace(/[\r\n]+/g, "")), context)
			return
		}
		if (text.includes("\u00a0")) this.solid = true
		const words = text.replace(/[ \t\r\n\f]+/g, " ")
		this.push(cleanText(words.startsWith(" ") && this.endsInSpace() ? words.slice(1) : words), context)
	}

	private endsInSpace(): boolean {
		const last = this.line[this.line.length - 1]
		return !last || (typeof last.insert === "string" && /[ \t]$/.test(last.insert))
	}

	private push(text: string, context: Context): void {
		if (text === "") return
		this.startLine(context)
		const inline = context.block["code-block"] ? {} : context.inline
		this.line.push(insertOp(text, Object.keys(inline).length > 0 ? inline : undefined))
	}

	private embed(embed: Attributes, own: Attributes, context: Context): void {
		this.startLine(context)
		const attributes = { ...context.inline, ...own }
		this.line.push(insertOp(embed, Object.keys(attributes).length > 0 ? attributes : undefined))
	}

	private startLine(context: Context): void {
		if (this.line.length > 0) return
		this.lineBlock = this.pendingItem ?? context.block
		this.pendingItem = null
	}

	/** Ends the line if it has anything. */
	private endLine(): void {
		if (!this.exact) trimEnd(this.line)
		if (this.line.length > 0 || this.solid)
			this.commit(this.line.length > 0 ? this.lineBlock : (this.pendingItem ?? {}))
	}

	/** Ends the line, even an empty one. */
	private breakLine(context: Context): void {
		this.startLine(context)
		this.commit(this.lineBlock)
	}

	private commit(block: Attributes): void {
		if (!block["code-block"]) this.line = plainSpaces(this.line)
		if (!this.first) this.ops.push(insertOp("\n", Object.keys(this.last).length > 0 ? this.last : undefined))
		this.first = false
		this.ops.push(...this.line)
		this.last = block
		this.line = []
		this.solid = false
		this.pendingItem = null
	}

	private element(element: Element, context: Context): void {
		const tag = element.tagName.toUpperCase()
		if (skipped.has(tag)) return
		const styles = stylesOf(element)
		const display = styles.get("display")
		if (display === "none" || element.hasAttribute("hidden") || styles.get("mso-hide") === "all") return
		// Word draws list markers as text and says so, and puts comments behind the text: those were for the margin.
		if (styles.get("mso-list") === "ignore" || styles.get("mso-element") === "comment-list") return
		if (element.classList.contains("MsoCommentReference")) return
		if (this.atom(element, tag, context)) return
		const inner = this.inside(element, tag, styles, context)
		if (tag === "TD" || tag === "TH") {
			// An empty cell holds its column's place, also the first.
			trimEnd(this.line)
			if (element.previousElementSibling?.matches("td, th")) this.push("\t", { ...inner, inline: {} })
			this.children(element, inner)
		} else if (!blocks.has(tag) && display !== "block") this.children(element, inner)
		else if (context.cell) {
			if (!this.endsInSpace()) this.push(" ", { ...inner, inline: {} })
			this.children(element, inner)
		} else this.block(element, tag, inner)
	}

	private block(element: Element, tag: string, inner: Context): void {
		this.endLine()
		if (tag === "LI" || inner.block.list) this.pendingItem = inner.block
		const item = tag === "LI"
		// Later lines of an item stand under its text.
		const rest = item ? { ...inner, block: inner.depth > 0 ? indented({}, inner.depth) : {} } : inner
		if (tag === "PRE") {
			const text = (element.textContent ?? "").replace(/\r\n?/g, "\n").replace(/\n$/, "")
			this.text(text, inner)
			this.solid = true
			if (element.querySelector("img")) this.leaves = true
		} else this.children(element, rest)
		this.endLine()
		if (item) this.pendingItem = null
	}

	/** Elements that stand for one thing. True when this was one. */
	private atom(element: Element, tag: string, context: Context): boolean {
		if (tag === "BR") {
			// The mark that browsers put at the end of what was copied.
			if (element.classList.contains("Apple-interchange-newline")) return true
			if (context.cell) this.push(" ", context)
			else this.breakLine(context)
			return true
		}
		if (tag === "HR") {
			this.endLine()
			this.embed({ divider: true }, {}, { ...outside })
			this.endLine()
			return true
		}
		if (tag === "IMG") {
			// Google Docs draws the boxes of check lists.
			if (element.parentElement?.getAttribute("role") === "checkbox") return true
			const src = cleanImage(element.getAttribute("src") ?? "")
			if (!src) {
				this.leaves = true
				return true
			}
			const alt = cleanAlt(element.getAttribute("alt") ?? "")
			const width = /^\d+$/.test(element.getAttribute("width") ?? "")
				? cleanWidth(Number(element.getAttribute("width")))
				: null
			this.embed({ image: src }, { ...(alt ? { alt } : {}), ...(width ? { width } : {}) }, context)
			return true
		}
		const person = element.getAttribute("data-mention")
		if (person && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(person)) {
			const name = cleanName((element.textContent ?? "").replace(/^@/, ""))
			if (name) this.embed({ mention: { id: person, name } }, {}, context)
			return true
		}
		return tag === "INPUT"
	}

	private inside(element: Element, tag: string, styles: Map<string, string>, context: Context): Context {
		let { depth, list, space, cell, heading } = context
		let block = context.block
		if (tag === "UL" || tag === "OL") {
			depth++
			list = tag === "OL" ? "ordered" : "bullet"
		}
		if (headings[tag]) block = { ...block, header: headings[tag] }
		if (element.classList.contains("MsoTitle")) block = { ...block, header: 1 }
		heading ||= block.header !== undefined
		// In a list they stand under their item's text.
		if (tag === "BLOCKQUOTE" || element.classList.contains("MsoQuote")) block = indented({ blockquote: true }, depth)
		if (tag === "PRE") block = indented({ "code-block": languageOf(element) ?? true }, depth)
		if (tag === "LI") block = indented({ list: checkOf(element) ?? list ?? "bullet" }, depth - 1)
		const word = /level(\d)/.exec(styles.get("mso-list") ?? "")
		if (word) block = indented({ list: wordListKind(element) }, Number(word[1]) - 1)
		if (tag === "TD" || tag === "TH") cell = true
		const whiteSpace = styles.get("white-space") ?? ""
		if (tag === "PRE" || whiteSpace.startsWith("pre") || whiteSpace === "break-spaces") space = "pre"
		else if (space === "pre" && (whiteSpace === "normal" || whiteSpace === "nowrap")) space = "fold"
		// Only this editor's own copies say so.
		const indent = element.getAttribute("data-indent")
		if (indent) block = indented(block, Number(indent) || 0)
		if (blocks.has(tag)) block = aligned(element, styles, block)
		return { inline: inlineOf(element, tag, styles, context, heading), block, depth, list, space, cell, heading }
	}
}

/** No-break spaces hold places in HTML; a line of nothing else is an empty one. */
function plainSpaces(line: readonly Insert[]): Insert[] {
	const blank = line.every((op) => typeof op.insert === "string" && /^[ \u00a0]*$/.test(op.insert))
	if (blank && line.some((op) => String(op.insert).includes("\u00a0"))) return []
	return line.map((op) =>
		typeof op.insert === "string" ? insertOp(op.insert.replaceAll("\u00a0", " "), op.attributes) : op,
	)
}

function trimEnd(line: Insert[]): void {
	for (;;) {
		const last = line[line.length - 1]
		if (!last || typeof last.insert !== "string" || !last.insert.endsWith(" ")) return
		const text = last.insert.replace(/ +$/, "")
		line.pop()
		if (text !== "") line.push(insertOp(text, last.attributes))
	}
}

function indented(block: Attributes, steps: number): Attributes {
	const indent = Math.max(0, Math.min(maxIndent, steps))
	return indent > 0 ? { ...block, indent } : block
}

function aligned(element: Element, styles: Map<string, string>, block: Attributes): Attributes {
	const align = styles.get("text-align") ?? element.getAttribute("align")?.toLowerCase() ?? ""
	const own: Record<string, unknown> = { ...block }
	if (align === "center" || align === "right" || align === "justify") own.align = align
	else if (align !== "") delete own.align
	if ((element.getAttribute("dir") ?? styles.get("direction")) === "rtl") {
		own.direction = "rtl"
		// That is where such a line begins anyway.
		if (own.align === "right") delete own.align
	}
	return own
}

/** A check list item, as GitHub, Google Docs and this editor write one. */
function checkOf(item: Element): "checked" | "unchecked" | null {
	if (item.getAttribute("role") === "checkbox")
		return item.getAttribute("aria-checked") === "true" ? "checked" : "unchecked"
	const first = item.querySelector("input[type=checkbox]")
	if (!first || first.closest("li") !== item) return null
	return first.hasAttribute("checked") ? "checked" : "unchecked"
}

function wordListKind(paragraph: Element): "bullet" | "ordered" {
	for (const span of paragraph.querySelectorAll("span")) {
		if (stylesOf(span).get("mso-list") !== "ignore") continue
		return /^[\s\u00a0]*\(?[0-9a-z]{1,4}[.)]/i.test(span.textContent ?? "") ? "ordered" : "bullet"
	}
	return "bullet"
}

function languageOf(pre: Element): string | null {
	const holder = [pre, ...pre.querySelectorAll("code")].find((element) => /\blang(uage)?-/.test(element.className))
	const word = /\blang(?:uage)?-([^\s]+)/.exec(holder?.className ?? "")?.[1] ?? pre.getAttribute("data-language")
	return word ? cleanLanguage(word) : null
}

function inlineOf(
	element: Element,
	tag: string,
	styles: Map<string, string>,
	context: Context,
	heading: boolean,
): Attributes {
	const inline: Record<string, unknown> = { ...context.inline }
	const mark = emphasis[tag]
	if (mark) inline[mark] = true
	if (tag === "A") {
		const href = element.getAttribute("href")
		const link = href && /^(https?:|mailto:)/i.test(href.trim()) ? cleanLink(href) : null
		if (link) inline.link = link
	}
	const weight = styles.get("font-weight")
	if (weight) {
		if (weight === "bold" || weight === "bolder" || Number(weight) >= 600) inline.bold = true
		else delete inline.bold
	}
	const slant = styles.get("font-style")
	if (slant) {
		if (slant === "italic" || slant.startsWith("oblique")) inline.italic = true
		else delete inline.italic
	}
	const line = styles.get("text-decoration-line") ?? styles.get("text-decoration")
	if (line) {
		if (line.includes("underline")) inline.underline = true
		if (line.includes("line-through")) inline.strike = true
		if (line.startsWith("none")) delete inline.underline
	}
	// Only this editor's own copies say so: other pages' colours are styling.
	for (const [key, name] of [
		["color", "data-color"],
		["background", "data-background"],
	] as const) {
		const color = cleanColor(element.getAttribute(name) ?? "")
		if (color) inline[key] = color
	}
	if (heading) delete inline.bold
	if (inline.link) delete inline.underline
	return inline
}
