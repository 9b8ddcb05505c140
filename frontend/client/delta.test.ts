import fc from "fast-check"
import QuillDelta from "quill-delta"
import { describe, expect, it } from "vitest"
import {
	canonical,
	compose,
	type Delta,
	equal,
	growth,
	invert,
	isCanonical,
	length,
	type Op,
	slice,
	transform,
	transformIndex,
} from "./delta.js"

const texts = fc.constantFrom("a", "bc", "\n", "日本", "😀", "x\ny", "e\u0301")
const embeds = fc.constantFrom({ divider: true }, { image: "https://a.example/b.png" })
const insertAttributes = fc.option(
	fc.dictionary(
		fc.constantFrom("bold", "color", "header", "empty"),
		fc.constantFrom(true, false, 0, "", "#ff0000", 2),
		{
			maxKeys: 3,
		},
	),
	{ nil: undefined },
)
const retainAttributes = fc.option(
	fc.dictionary(fc.constantFrom("bold", "color", "header", "empty"), fc.constantFrom(true, null, 0, "", "#ff0000", 2), {
		maxKeys: 3,
	}),
	{ nil: undefined },
)
const withAttributes = <T extends object>(op: T, attributes: object | undefined) =>
	attributes ? { ...op, attributes } : op
const insert = fc
	.tuple(fc.oneof({ weight: 4, arbitrary: texts }, { weight: 1, arbitrary: embeds }), insertAttributes)
	.map(([value, attributes]) => withAttributes({ insert: value }, attributes) as Op)
const documents = fc.array(insert, { maxLength: 6 }).map((ops) => canonical([...ops, { insert: "\n" }]))
const steps = fc.array(
	fc.oneof(
		insert,
		fc.tuple(fc.integer({ min: 1, max: 5 }), retainAttributes).map(([n, a]) => withAttributes({ retain: n }, a) as Op),
		fc.integer({ min: 1, max: 4 }).map((n): Op => ({ delete: n })),
	),
	{ maxLength: 6 },
)

/** The steps as a canonical change that stays within a base of that length. */
function within(ops: readonly Op[], base: number): Delta {
	let left = base
	const fitted: Op[] = []
	for (const op of ops) {
		if ("insert" in op) fitted.push(op)
		else {
			const size = Math.min("retain" in op ? op.retain : op.delete, left)
			left -= size
			if (size > 0) fitted.push("retain" in op ? { ...op, retain: size } : { delete: size })
		}
	}
	return canonical(fitted)
}

const pairs = fc
	.tuple(documents, steps, steps, steps)
	.map(([d, x, y, z]) => ({ d, a: within(x, length(d)), b: within(y, length(d)), z }))
const quill = (delta: Delta) => new QuillDelta(structuredClone(delta) as never)
const own = (delta: QuillDelta) => canonical(delta.ops as unknown as Delta)
const holds = (name: string, law: (c: { d: Delta; a: Delta; b: Delta; z: Op[] }) => void, numRuns = 1500) =>
	it(name, () => fc.assert(fc.property(pairs, law), { numRuns }))

describe("delta", () => {
	holds("[A2] two sides that agree on the order meet in the same document", ({ d, a, b }) => {
		const left = compose(compose(d, a), transform(a, b, true))
		const right = compose(compose(d, b), transform(b, a, false))
		expect(left).toEqual(right)
	})

	holds("[A3] compose is associative, and a change followed by its inverse is nothing", ({ d, a, z }) => {
		const next = within(z, length(compose(d, a)))
		expect(compose(compose(d, a), next)).toEqual(compose(d, compose(a, next)))
		expect(compose(compose(d, a), invert(a, d))).toEqual(d)
		expect(length(compose(d, a))).toBe(length(d) + growth(a))
	})

	holds("[A4] every result is canonical", ({ d, a, b, z }) => {
		for (const result of [
			compose(a, within(z, 100)),
			transform(a, b, true),
			transform(b, a, false),
			invert(a, d),
			compose(d, a),
		]) {
			expect(isCanonical(result)).toBe(true)
		}
	})

	it("[A4] one canonical form per meaning", () => {
		expect(
			canonical([
				{ delete: 1 },
				{ insert: "a", attributes: {} },
				{ delete: 1 },
				{ insert: "" },
				{ insert: "b", attributes: { bold: null } },
				{ retain: 2 },
			]),
		).toEqual([{ insert: "ab" }, { delete: 2 }])
		expect(
			Object.keys((canonical([{ insert: "a", attributes: { z: 1, b: 2 } }])[0] as { attributes: object }).attributes),
		).toEqual(["b", "z"])
	})

	it("[A5] moving over a composition is not moving over its parts", () => {
		let differs = false
		fc.assert(
			fc.property(pairs, ({ d, a, b, z }) => {
				const next = within(z, length(compose(d, a)))
				const stepwise = transform(next, transform(a, b, true), true)
				differs ||= !equal(stepwise, transform(compose(a, next), b, true))
			}),
			{ numRuns: 2000, seed: 7 },
		)
		expect(differs).toBe(true)
	})

	holds("[A6] arguments never change", ({ d, a, b }) => {
		const freeze = (value: unknown): void => {
			if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
				Object.freeze(value)
				Object.values(value).forEach(freeze)
			}
		}
		;[d, a, b].forEach(freeze)
		const seen = JSON.stringify([d, a, b])
		compose(compose(d, a), transform(a, b, true))
		invert(a, d)
		slice(d, 1, 3)
		expect(JSON.stringify([d, a, b])).toBe(seen)
	})

	it("[A7] the change sequenced earlier wins per key; null removes", () => {
		const red: Delta = [{ retain: 1, attributes: { bold: true, color: "#ff0000" } }]
		const blue: Delta = [{ retain: 1, attributes: { color: "#0000ff", italic: true } }]
		expect(transform(red, blue, true)).toEqual([{ retain: 1, attributes: { italic: true } }])
		expect(transform(red, blue, false)).toEqual(blue)
		expect(compose([{ insert: "a", attributes: { bold: true } }], [{ retain: 1, attributes: { bold: null } }])).toEqual(
			[{ insert: "a" }],
		)
	})

	it("[A8] an insert exactly at a position moves only the inserter's own", () => {
		const change: Delta = [{ retain: 3 }, { insert: "ab" }]
		expect(transformIndex(change, 3, false)).toBe(3)
		expect(transformIndex(change, 3, true)).toBe(5)
		expect(transformIndex(change, 4, false)).toBe(6)
		expect(transformIndex([{ retain: 1 }, { delete: 5 }], 3, true)).toBe(1)
	})

	holds("[A10] equals quill-delta 5.1", ({ d, a, b, z }) => {
		const next = within(z, 100)
		expect(compose(d, a)).toEqual(own(quill(d).compose(quill(a))))
		expect(compose(a, next)).toEqual(own(quill(a).compose(quill(next))))
		expect(transform(a, b, true)).toEqual(own(quill(a).transform(quill(b), true)))
		expect(transform(a, b, false)).toEqual(own(quill(a).transform(quill(b), false)))
		expect(invert(a, d)).toEqual(own(quill(a).invert(quill(d))))
		for (let index = 0; index <= length(d); index++) {
			expect(transformIndex(a, index, false)).toBe(quill(a).transformPosition(index, true))
			expect(transformIndex(a, index, true)).toBe(quill(a).transformPosition(index, false))
		}
		expect(slice(d, 1, 4)).toEqual(quill(d).slice(1, 4).ops)
	})
})
