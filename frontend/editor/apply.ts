// Delta -> ProseMirror steps, as few and as small as the change: a letter is a letter's step, a "\n" splits or joins,
// whole lines go in and out as whole lines, and a line's node survives everything that does not end that line. That is
// what keeps the DOM, and with it the caret and a running IME composition, untouched elsewhere.

import { Fragment, type Mark, type Node, Slice } from "prosemirror-model"
import type { Transaction } from "prosemirror-state"
import { AddMarkStep, AttrStep, RemoveMarkStep } from "prosemirror-transform"
import type { Attributes, Delta, Op } from "../client/index.js"
import {
	lineAt,
	lineNode,
	lineNodeAttributes,
	lineStart,
	linesOf,
	markFor,
	type OpenLine,
	sameAttributes,
} from "./convert.js"
import { blockKeys, isBlockKey, isImageKey, lineType, schema } from "./schema.js"

/** Where the walk stands: `offset` units into line number `line`, whose node begins at position `start`. */
interface Place {
	line: number
	offset: number
	start: number
}

/** Text that is to be given the same looks, in positions: lines that follow each other are one step. */
interface Run {
	from: number
	to: number
	readonly attributes: Attributes
}

/** Appends the steps of a delta over `tr.doc`. Throws RangeError when the delta does not fit the document. */
export function applyDelta(tr: Transaction, delta: Delta): Transaction {
	const place: Place = { line: 0, offset: 0, start: 0 }
	const runs: Run[] = []
	let inserts: Op[] = []
	let first = true
	for (const op of delta) {
		if ("insert" in op) {
			formatRuns(tr, runs)
			inserts.push(op)
			first = false
			continue
		}
		if (inserts.length > 0) insert(tr, place, inserts)
		if ("delete" in op) {
			formatRuns(tr, runs)
			remove(tr, place, op.delete)
		} else if (op.attributes) format(tr, place, op.retain, op.attributes, runs)
		else if (first) jump(tr.doc, place, op.retain)
		else advance(tr.doc, place, op.retain)
		inserts = []
		first = false
	}
	if (inserts.length > 0) insert(tr, place, inserts)
	formatRuns(tr, runs)
	return tr
}

function misfit(): never {
	throw new RangeError("the change does not fit the document")
}

/** From the start of an unchanged document, by the line table. */
function jump(doc: Node, place: Place, index: number): void {
	place.line = lineAt(doc, index)
	const start = lineStart(doc, place.line)
	place.offset = index - start
	place.start = start + place.line
	if (place.line === doc.childCount && place.offset > 0) misfit()
}

function advance(doc: Node, place: Place, length: number): void {
	let left = length
	while (left > 0) {
		if (place.line >= doc.childCount) misfit()
		const size = doc.child(place.line).content.size
		if (left <= size - place.offset) {
			place.offset += left
			return
		}
		left -= size - place.offset + 1
		nextLine(place, size)
	}
}

function nextLine(place: Place, size: number): void {
	place.start += size + 2
	place.line++
	place.offset = 0
}

const position = (place: Place) => place.start + 1 + place.offset

function insert(tr: Transaction, place: Place, inserts: readonly Op[]): void {
	const lines = linesOf(inserts)
	const rest = lines[lines.length - 1] as OpenLine
	if (place.line >= tr.doc.childCount) misfit()
	if (lines.length > 1) {
		if (place.offset === 0) insertLines(tr, place, lines.slice(0, -1))
		else splitLine(tr, place, lines)
	}
	if (rest.nodes.length > 0 && (lines.length === 1 || place.offset === 0)) {
		const content = Fragment.fromArray(rest.nodes)
		tr.replace(position(place), position(place), new Slice(content, 0, 0))
		place.offset += content.size
	}
}

/** Whole lines before an untouched one. */
function insertLines(tr: Transaction, place: Place, lines: readonly OpenLine[]): void {
	const content = Fragment.fromArray(lines.map(lineNode))
	tr.replace(place.start, place.start, new Slice(content, 0, 0))
	place.start += content.size
	place.line += lines.length
}

/** Cuts a line in two: its node keeps the left part and takes the attributes of the first inserted "\n". */
function splitLine(tr: Transaction, place: Place, lines: readonly OpenLine[]): void {
	const line = tr.doc.child(place.line)
	const first = lines[0] as OpenLine
	const rest = lines[lines.length - 1] as OpenLine
	const nodes = [lineType.create(line.attrs, Fragment.fromArray(first.nodes)), ...lines.slice(1, -1).map(lineNode)]
	const tail = lineType.create(line.attrs, Fragment.fromArray(rest.nodes))
	nodes.push(tail)
	const content = Fragment.fromArray(nodes)
	tr.replace(position(place), position(place), new Slice(content, 1, 1))
	setLine(tr, place.start, line.attrs, lineNodeAttributes(first.attributes))
	// Both ends of the slice are open, so its two outer tokens stand for tokens that the line had already.
	place.start += 1 + place.offset + content.size - 1 - tail.nodeSize
	place.line += lines.length - 1
	place.offset = tail.content.size
}

function setLine(
	tr: Transaction,
	start: number,
	from: Readonly<Record<string, unknown>>,
	to: Readonly<Record<string, unknown>>,
): void {
	for (const key of blockKeys) {
		const value = to[key] ?? null
		if ((from[key] ?? null) !== value) tr.step(new AttrStep(start, key, value))
	}
}

function remove(tr: Transaction, place: Place, length: number): void {
	let left = length
	if (place.offset === 0) left = removeLines(tr, place, left)
	if (left === 0) return
	if (place.line >= tr.doc.childCount) misfit()
	const end: Place = { ...place }
	advance(tr.doc, end, left)
	if (end.line >= tr.doc.childCount) misfit()
	const kept = tr.doc.child(place.line).attrs
	const last = tr.doc.child(end.line).attrs
	tr.replace(position(place), position(end), Slice.empty)
	// A join keeps the left node; in a delta the line is what its "\n" says, and that is the right one's.
	if (end.line !== place.line) setLine(tr, place.start, kept, last)
}

/** Whole lines from a line's start; returns what of the length is left. The last line's "\n" never goes (D3). */
function removeLines(tr: Transaction, place: Place, length: number): number {
	let left = length
	let end = place.start
	let line = place.line
	while (line < tr.doc.childCount) {
		const size = tr.doc.child(line).content.size
		if (left < size + 1) break
		left -= size + 1
		end += size + 2
		line++
	}
	if (line >= tr.doc.childCount) misfit()
	if (end > place.start) tr.replace(place.start, end, Slice.empty)
	return left
}

function format(tr: Transaction, place: Place, length: number, attributes: Attributes, runs: Run[]): void {
	let left = length
	while (left > 0) {
		if (place.line >= tr.doc.childCount) misfit()
		const line = tr.doc.child(place.line)
		const size = line.content.size
		const inLine = Math.min(left, size - place.offset)
		if (inLine > 0) addRun(runs, place, inLine, attributes)
		left -= inLine
		place.offset += inLine
		if (left === 0) return
		for (const [key, value] of Object.entries(attributes)) {
			if (isBlockKey(key) && (line.attrs[key] ?? null) !== value) tr.step(new AttrStep(place.start, key, value))
		}
		left--
		nextLine(place, size)
	}
}

/** Adds text to the runs that wait, to the last of them where only a line's end is between. */
function addRun(runs: Run[], place: Place, length: number, attributes: Attributes): void {
	const from = position(place)
	const last = runs[runs.length - 1]
	const next = last && (last.to === from || (place.offset === 0 && last.to === from - 2))
	if (next && sameAttributes(last.attributes, attributes)) last.to = from + length
	else runs.push({ from, to: from + length, attributes })
}

/** Positions hold until something is inserted or deleted: then what waits is done first. */
function formatRuns(tr: Transaction, runs: Run[]): void {
	for (const run of runs.splice(0)) formatRun(tr, run)
}

function formatRun(tr: Transaction, { from, to, attributes }: Run): void {
	for (const [key, value] of Object.entries(attributes)) {
		if (isImageKey(key)) {
			tr.doc.nodesBetween(from, to, (node, at) => {
				if (node.type.name === "image" && node.attrs[key] !== value) tr.step(new AttrStep(at, key, value))
			})
			continue
		}
		const type = schema.marks[key]
		if (!type) continue
		const mark = markFor(key, value)
		if (mark) tr.step(new AddMarkStep(from, to, mark))
		else {
			const found: Mark[] = []
			tr.doc.nodesBetween(from, to, (node) => {
				const own = type.isInSet(node.marks)
				if (own && !own.isInSet(found)) found.push(own)
			})
			for (const own of found) tr.step(new RemoveMarkStep(from, to, own))
		}
	}
}
