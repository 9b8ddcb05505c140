// Delta <-> ProseMirror document, exact in both directions, and index <-> position.
//
// A line of n units stands at n + 1 delta indexes and n + 2 positions, so the text at index i of line k is at position
// i + k + 1: the index plus one opening token per line so far, plus one closing token per line before.

import { Fragment, type Mark, type Node } from "prosemirror-model"
import type { Attributes, Delta, Op } from "../client/index.js"
import { blockKeys, flagMarks, imageKeys, lineType, schema, valueMarks } from "./schema.js"

/** An op that carries content: what documents are made of. */
export type Insert = Extract<Op, { readonly insert: unknown }>

const flagSet: ReadonlySet<string> = new Set(flagMarks)
const valueSet: ReadonlySet<string> = new Set(valueMarks)

/** The mark for an inline attribute; null when the schema has none of that name, or the value removes it. */
export function markFor(key: string, value: unknown): Mark | null {
	if (value === null || value === undefined) return null
	if (flagSet.has(key)) return schema.mark(key)
	if (valueSet.has(key)) return schema.mark(key, { value })
	return null
}

/** The delta value of a mark. */
export function markValue(mark: Mark): unknown {
	return valueSet.has(mark.type.name) ? mark.attrs.value : true
}

export function marksFor(attributes: Attributes | undefined): readonly Mark[] {
	if (!attributes) return []
	const marks: Mark[] = []
	for (const key of Object.keys(attributes)) {
		const mark = markFor(key, attributes[key])
		if (mark) marks.push(mark)
	}
	return marks.length > 1 ? marks.sort((a, b) => rank(a) - rank(b)) : marks
}

// ProseMirror compares mark lists in schema order.
const ranks = new Map(Object.keys(schema.marks).map((name, index) => [name, index]))
function rank(mark: Mark): number {
	return ranks.get(mark.type.name) ?? 0
}

/** Attributes of a text or atom node as its insert op carries them. */
export function inlineAttributes(node: Node): Attributes | undefined {
	const image = node.type.name === "image"
	if (node.marks.length === 0 && !image) return undefined
	const attributes: Record<string, unknown> = {}
	let any = false
	for (const mark of node.marks) {
		attributes[mark.type.name] = markValue(mark)
		any = true
	}
	if (image) {
		for (const key of imageKeys) {
			const value = node.attrs[key]
			if (value === null || value === undefined) continue
			attributes[key] = value
			any = true
		}
	}
	return any ? attributes : undefined
}

/** Block attributes of a line as its "\n" carries them. */
export function lineAttributes(line: Node): Attributes | undefined {
	let attributes: Record<string, unknown> | undefined
	for (const key of blockKeys) {
		const value = line.attrs[key]
		if (value === null || value === undefined) continue
		if (!attributes) attributes = {}
		attributes[key] = value
	}
	return attributes
}

/** What has to be set on a "\n" so that `from` becomes `to`; undefined when they are equal. */
export function lineDifference(from: Node, to: Node): Attributes | undefined {
	let change: Record<string, unknown> | undefined
	for (const key of blockKeys) {
		const before = from.attrs[key] ?? null
		const after = to.attrs[key] ?? null
		if (before === after) continue
		if (!change) change = {}
		change[key] = after
	}
	return change
}

/** Line node attributes from a delta's, unknown names left out. */
export function lineNodeAttributes(attributes: Attributes | undefined): Record<string, unknown> {
	const attrs: Record<string, unknown> = {}
	for (const key of blockKeys) attrs[key] = attributes?.[key] ?? null
	return attrs
}

export function insertOp(insert: string | Readonly<Record<string, unknown>>, attributes?: Attributes): Insert {
	return attributes ? { insert, attributes } : { insert }
}

export function retainOp(retain: number, attributes?: Attributes): Op {
	return attributes ? { retain, attributes } : { retain }
}

/** An atom for an embed. An embed of a newer version is drawn as an object without a face, and keeps its length of 1. */
export function embedNode(embed: Readonly<Record<string, unknown>>, attributes: Attributes | undefined): Node {
	const marks = marksFor(attributes)
	if (typeof embed.image === "string") {
		const attrs: Record<string, unknown> = { src: embed.image }
		for (const key of imageKeys) attrs[key] = attributes?.[key] ?? null
		return schema.node("image", attrs, undefined, marks)
	}
	if (embed.divider === true) return schema.node("divider", null, undefined, marks)
	const person = embed.mention as { id?: unknown; name?: unknown } | undefined
	return schema.node("mention", { id: String(person?.id ?? ""), name: String(person?.name ?? "?") }, undefined, marks)
}

export function embedOf(node: Node): Readonly<Record<string, unknown>> {
	if (node.type.name === "image") return { image: node.attrs.src }
	if (node.type.name === "divider") return { divider: true }
	return { mention: { id: node.attrs.id, name: node.attrs.name } }
}

/** Appends a text or atom node. */
export function pushInline(ops: Insert[], node: Node): void {
	ops.push(insertOp(node.isText ? (node.text as string) : embedOf(node), inlineAttributes(node)))
}

/** Lines of a run of inserts. The last one is open: it has no "\n" of its own (and may be empty). */
export interface OpenLine {
	readonly nodes: Node[]
	/** Attributes of the "\n" that ends it; undefined for none. Meaningless for the last line. */
	attributes: Attributes | undefined
}

export function linesOf(inserts: Iterable<Op>): OpenLine[] {
	let current: OpenLine = { nodes: [], attributes: undefined }
	const lines = [current]
	for (const op of inserts) {
		if (!("insert" in op)) throw new RangeError("only inserts make lines")
		if (typeof op.insert !== "string") {
			current.nodes.push(embedNode(op.insert, op.attributes))
			continue
		}
		const text = op.insert
		let marks: readonly Mark[] | undefined
		for (let start = 0; start <= text.length; ) {
			let end = text.indexOf("\n", start)
			if (end < 0) end = text.length
			if (end > start) {
				marks ??= marksFor(op.attributes)
				current.nodes.push(schema.text(text.slice(start, end), marks))
			}
			if (end === text.length) break
			current.attributes = op.attributes
			current = { nodes: [], attributes: undefined }
			lines.push(current)
			start = end + 1
		}
	}
	return lines
}

export function lineNode(line: OpenLine): Node {
	return lineType.create(lineNodeAttributes(line.attributes), Fragment.fromArray(line.nodes))
}

/** The editor document of a delta that is a document (inserts only, ending in "\n"). */
export function documentOf(delta: Delta): Node {
	const lines = linesOf(delta)
	const open = lines.pop()
	if (!open || open.nodes.length > 0 || lines.length === 0) throw new RangeError("a document ends in a newline")
	return schema.node("doc", null, lines.map(lineNode))
}

/** Merges neighbours with equal attributes, so that adjacent unformatted lines become one op. */
function pushMerged(ops: Insert[], text: string, attributes: Attributes | undefined): void {
	const last = ops[ops.length - 1]
	if (last && typeof last.insert === "string" && sameAttributes(last.attributes, attributes)) {
		ops[ops.length - 1] = insertOp(last.insert + text, attributes)
	} else ops.push(insertOp(text, attributes))
}

export function sameAttributes(a: Attributes | undefined, b: Attributes | undefined): boolean {
	if (a === b) return true
	if (!a || !b) return false
	const keys = Object.keys(a)
	if (keys.length !== Object.keys(b).length) return false
	for (const key of keys) if (a[key] !== b[key]) return false
	return true
}

/** The canonical delta of a document, or of its lines from..to (line numbers, half open). */
export function deltaOf(doc: Node, from = 0, to = doc.childCount): Delta {
	const ops: Insert[] = []
	for (let index = from; index < to; index++) {
		const line = doc.child(index)
		line.forEach((node) => {
			if (node.isText) pushMerged(ops, node.text as string, inlineAttributes(node))
			else pushInline(ops, node)
		})
		pushMerged(ops, "\n", lineAttributes(line))
	}
	return ops
}

/** First index of every line, and the document's length last. Cached per document: nodes never change. */
const starts = new WeakMap<Node, Int32Array>()

function lineStarts(doc: Node): Int32Array {
	const known = starts.get(doc)
	if (known) return known
	const count = doc.childCount
	const table = new Int32Array(count + 1)
	let index = 0
	for (let line = 0; line < count; line++) {
		table[line] = index
		// nodeSize counts both tokens, the delta one "\n".
		index += doc.child(line).nodeSize - 1
	}
	table[count] = index
	starts.set(doc, table)
	return table
}

/** Length of the document's delta in UTF-16 units, without building it. */
export function deltaLength(doc: Node): number {
	return doc.content.size - doc.childCount
}

/** Number of the line that holds an index; the index past the end belongs to no line and gives childCount. */
export function lineAt(doc: Node, index: number): number {
	const table = lineStarts(doc)
	let low = 0
	let high = doc.childCount
	while (low < high) {
		const middle = (low + high + 1) >> 1
		if ((table[middle] as number) <= index) low = middle
		else high = middle - 1
	}
	return low
}

/** First index of a line. */
export function lineStart(doc: Node, line: number): number {
	return lineStarts(doc)[line] as number
}

/** Position inside a line for an index; indexes outside the document are pulled to its ends. */
export function positionOf(doc: Node, index: number): number {
	const last = deltaLength(doc) - 1
	const inside = Math.max(0, Math.min(index, last))
	return inside + lineAt(doc, inside) + 1
}

/** Index for a position; one between two lines is the start of the second. */
export function indexOf(doc: Node, position: number): number {
	const resolved = doc.resolve(position)
	return resolved.depth === 0 ? position - resolved.index(0) : position - resolved.index(0) - 1
}
