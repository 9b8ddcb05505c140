import fc from "fast-check"
import { Slice } from "prosemirror-model"
import { EditorState, type Transaction } from "prosemirror-state"
import { AddMarkStep, AttrStep, RemoveMarkStep } from "prosemirror-transform"
import { describe, expect, test } from "vitest"
import { canonical, compose, type Delta, length } from "../client/index.js"
import { applyDelta } from "./apply.js"
import { inverseOn, rangeOps, transactionDelta } from "./change.js"
import { deltaOf, documentOf, indexOf, lineAt, markFor, positionOf } from "./convert.js"
import { lineType, schema } from "./schema.js"
import { changeOver, content, cutPositions, documentDelta, edits, parameters } from "./testing/arbitrary.js"

const stateOf = (delta: Delta) => EditorState.create({ doc: documentOf(delta), schema })

describe("delta and document", () => {
	test("a document survives the way into the editor and back", () => {
		fc.assert(
			fc.property(documentDelta, (delta) => {
				const doc = documentOf(delta)
				doc.check()
				expect(deltaOf(doc)).toEqual(delta)
			}),
			parameters(500),
		)
	})

	test("[A1] every index has its position and back", () => {
		fc.assert(
			fc.property(documentDelta, (delta) => {
				const doc = documentOf(delta)
				for (let index = 0; index < length(delta); index++) {
					const position = positionOf(doc, index)
					expect(doc.resolve(position).parent.type).toBe(lineType)
					expect(indexOf(doc, position)).toBe(index)
					expect(doc.resolve(position).index(0)).toBe(lineAt(doc, index))
				}
				expect(canonical(rangeOps(doc, 0, length(delta)))).toEqual(delta)
			}),
			parameters(300),
		)
	})
})

describe("delta to steps", () => {
	test("a change through steps equals the composition, and reads back as the same meaning", () => {
		fc.assert(
			fc.property(documentDelta, edits, (base, recipe) => {
				const change = changeOver(base, recipe)
				const expected = compose(base, change)
				const tr = applyDelta(stateOf(base).tr, change)
				tr.doc.check()
				expect(deltaOf(tr.doc)).toEqual(expected)
				expect(compose(base, transactionDelta(tr))).toEqual(expected)
			}),
			parameters(1000),
		)
	})

	test("no step of a change replaces a line that the change leaves alone", () => {
		fc.assert(
			fc.property(documentDelta, edits, (base, recipe) => {
				const change = changeOver(base, recipe)
				const tr = applyDelta(stateOf(base).tr, change)
				const touched = touchedLines(base, change)
				const before = documentOf(base)
				const old = tr.docs[0] ?? tr.doc
				const kept = new Set<unknown>()
				for (const line of tr.doc.children) kept.add(line)
				old.forEach((line, _offset, index) => {
					if (!touched.has(index)) expect(kept.has(line), `line ${index} of ${before}`).toBe(true)
				})
			}),
			parameters(500),
		)
	})

	test("the same looks over many lines are one step, or a long text would take seconds", () => {
		const lines = [...Array(50)]
		const bold = (value: boolean | null): Delta =>
			canonical(lines.flatMap(() => [{ retain: 4, attributes: { bold: value } }, { retain: 1 }]))
		const on = applyDelta(stateOf([{ insert: "line\n".repeat(lines.length) }]).tr, bold(true))
		expect(on.steps).toHaveLength(1)
		const off = applyDelta(stateOf(deltaOf(on.doc)).tr, bold(null))
		expect(off.steps).toHaveLength(1)
		expect(deltaOf(off.doc)).toEqual([{ insert: "line\n".repeat(lines.length) }])
		// Not over what is between.
		const apart: Delta = [
			{ retain: 1, attributes: { bold: true } },
			{ retain: 2 },
			{ retain: 1, attributes: { bold: true } },
		]
		expect(applyDelta(stateOf([{ insert: "line\n" }]).tr, apart).steps).toHaveLength(2)
	})

	test("[A3] the inverse read from the document takes the change back", () => {
		fc.assert(
			fc.property(documentDelta, edits, (base, recipe) => {
				const change = changeOver(base, recipe)
				const doc = documentOf(base)
				expect(compose(compose(base, change), inverseOn(doc, change))).toEqual(base)
			}),
			parameters(500),
		)
	})

	test("a change that does not fit is refused", () => {
		const state = stateOf([{ insert: "ab\n" }])
		for (const change of [
			[{ delete: 3 }],
			[{ retain: 4 }, { insert: "x" }],
			[{ retain: 9, attributes: { bold: true } }],
		]) {
			expect(() => applyDelta(state.tr, change)).toThrow(RangeError)
		}
		expect(() => applyDelta(state.tr, [{ retain: 3 }, { insert: "x" }])).toThrow(RangeError)
	})
})

/** Lines of the old document that a change reaches: something inserted in, deleted from or formatted on them. */
function touchedLines(base: Delta, change: Delta): Set<number> {
	const doc = documentOf(base)
	const lines = new Set<number>()
	let index = 0
	for (const op of change) {
		// Whole lines put before a line leave it alone, but where text follows them it goes into it.
		if ("insert" in op) lines.add(lineAt(doc, index))
		else {
			const size = "delete" in op ? op.delete : op.retain
			if ("delete" in op || op.attributes) {
				for (let line = lineAt(doc, index); line <= lineAt(doc, index + size); line++) lines.add(line)
			}
			index += size
		}
	}
	return lines
}

describe("transactions to deltas", () => {
	const step = fc.record({
		kind: fc.constantFrom("replace", "replace", "mark", "unmark", "attr", "split", "markup", "join", "lines", "text"),
		from: fc.nat(),
		to: fc.nat(),
		content,
		cutFrom: fc.nat(),
		cutTo: fc.nat(),
		key: fc.constantFrom("bold", "italic", "link", "color"),
		value: fc.constantFrom("https://c.example", "#0000ff"),
	})

	type Recipe = typeof step extends fc.Arbitrary<infer T> ? T : never

	function perform(tr: Transaction, recipe: Recipe): void {
		const cuts = cutPositions(tr.doc)
		const a = cuts[recipe.from % cuts.length] as number
		const b = cuts[recipe.to % cuts.length] as number
		const from = Math.min(a, b)
		const to = Math.max(a, b)
		const other = documentOf(canonical([...recipe.content, { insert: "\n" }]))
		const otherCuts = cutPositions(other)
		const c = otherCuts[recipe.cutFrom % otherCuts.length] as number
		const d = otherCuts[recipe.cutTo % otherCuts.length] as number
		const line = tr.doc.resolve(from)
		const lineStart = line.depth === 1 ? line.before() : 0
		const mark = markFor(recipe.key, recipe.value)
		switch (recipe.kind) {
			case "replace":
				tr.replace(from, to, other.slice(Math.min(c, d), Math.max(c, d)))
				return
			case "text":
				if (line.depth === 1) tr.insertText("xy", from)
				return
			case "lines":
				tr.replace(lineStart, lineStart, new Slice(other.content, 0, 0))
				return
			case "mark":
				if (mark) tr.step(new AddMarkStep(from, to, mark))
				return
			case "unmark":
				if (mark) tr.step(new RemoveMarkStep(from, to, mark))
				return
			case "attr":
				tr.step(new AttrStep(lineStart, "header", (recipe.cutFrom % 3) + 1))
				return
			case "markup":
				tr.setNodeMarkup(lineStart, undefined, { ...lineType.create().attrs, list: "bullet" })
				return
			case "split":
				if (line.depth === 1) tr.split(from, 1, [{ type: lineType, attrs: { ...line.parent.attrs, header: null } }])
				return
			case "join":
				if (line.index(0) + 1 < tr.doc.childCount && line.depth === 1) tr.join(line.after())
		}
	}

	test("[D3] whatever a transaction does, its delta makes the same document, and a second editor of it", () => {
		fc.assert(
			fc.property(documentDelta, fc.array(step, { minLength: 1, maxLength: 6 }), (base, recipes) => {
				const tr = stateOf(base).tr
				for (const recipe of recipes) perform(tr, recipe)
				const change = transactionDelta(tr)
				expect(canonical(change)).toEqual(change)
				const expected = deltaOf(tr.doc)
				expect(compose(base, change)).toEqual(expected)
				// compose() would let a change run past the end; applying does not, and refuses to lose the last newline.
				const second = applyDelta(stateOf(base).tr, change)
				expect(deltaOf(second.doc)).toEqual(expected)
			}),
			parameters(1500),
		)
	})

	const typed = (base: Delta, run: (tr: Transaction) => void) => {
		const tr = stateOf(base).tr
		run(tr)
		return transactionDelta(tr)
	}

	test("minimal deltas", () => {
		const base: Delta = [{ insert: "aaa\nbbb" }, { insert: "\n", attributes: { header: 1 } }]
		expect(typed(base, (tr) => tr.insertText("a", 2))).toEqual([{ retain: 1 }, { insert: "a" }])
		expect(typed(base, (tr) => tr.split(3))).toEqual([{ retain: 2 }, { insert: "\n" }])
		expect(typed(base, (tr) => tr.delete(2, 4))).toEqual([{ retain: 1 }, { delete: 2 }])
		expect(typed(base, (tr) => tr.join(5))).toEqual([
			{ retain: 3 },
			{ delete: 1 },
			{ retain: 3 },
			{ retain: 1, attributes: { header: null } },
		])
		expect(typed(base, (tr) => tr.setNodeMarkup(0, undefined, { header: 2 }))).toEqual([
			{ retain: 3 },
			{ retain: 1, attributes: { header: 2 } },
		])
	})

	test("[D3] deleting everything, or the last lines, keeps the final newline", () => {
		const base: Delta = [{ insert: "ab\ncd" }, { insert: "\n", attributes: { list: "bullet" } }]
		expect(typed(base, (tr) => tr.delete(5 - 1, 8))).toEqual([
			{ retain: 2 },
			{ delete: 3 },
			{ retain: 1, attributes: { list: null } },
		])
		expect(
			typed(base, (tr) => tr.replace(0, tr.doc.content.size, new Slice(documentOf([{ insert: "x\n" }]).content, 0, 0))),
		).toEqual([{ insert: "x" }, { delete: 5 }, { retain: 1, attributes: { list: null } }])
	})

	test("[D2] no op boundary falls inside a surrogate pair", () => {
		const base: Delta = [{ insert: "a😀b\n" }]
		expect(typed(base, (tr) => tr.insertText("\ude01", 3, 4))).toEqual([{ retain: 1 }, { insert: "😁" }, { delete: 2 }])
	})
})
