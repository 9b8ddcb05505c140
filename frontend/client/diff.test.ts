import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { baseLength, canonical, compose, type Delta, isCanonical, length, type Op, transform } from "./delta.js"
import { diff } from "./diff.js"

const op = fc
	.tuple(
		fc.oneof(
			fc.constantFrom("a", "ab", "\n", "x\ny\n", "😀", "😁", "日"),
			fc.constantFrom({ divider: true }, { image: "https://a.example" }),
		),
		fc.constantFrom(undefined, { bold: true }, { color: "#00ff00" }),
	)
	.map(([insert, attributes]): Op => (attributes ? { insert, attributes } : { insert }))
const documents = fc.array(op, { maxLength: 12 }).map((ops) => canonical([...ops, { insert: "\n" }]))

describe("diff", () => {
	it("leads from one document to the other, canonical, through no surrogate pair", () => {
		fc.assert(
			fc.property(documents, documents, (a, b) => {
				const change = diff(a, b)
				expect(compose(a, change)).toEqual(b)
				expect(isCanonical(change)).toBe(true)
				for (const step of change)
					if ("insert" in step && typeof step.insert === "string") expect(step.insert.isWellFormed()).toBe(true)
			}),
			{ numRuns: 2000 },
		)
	})

	it("is small where little changed, and leaves the final newline alone", () => {
		const a: Delta = [{ insert: "one\ntwo\nthree\n" }]
		expect(diff(a, [{ insert: "one\ntwo!\nthree\n" }])).toEqual([{ retain: 7 }, { insert: "!" }])
		expect(diff(a, a)).toEqual([])
		expect(diff([{ insert: "\n" }], [{ insert: "\n\n" }])).toEqual([{ insert: "\n" }])
	})

	it("[D3] keeps what was typed at the end of one document before the end of the other", () => {
		expect(diff([{ insert: "a\nb\n" }], [{ insert: "a\n" }])).toEqual([{ retain: 1 }, { delete: 2 }])
		fc.assert(
			fc.property(documents, documents, (a, b) => {
				const typed = transform(diff(a, b), [{ retain: length(a) - 1 }, { insert: "typed" }], true)
				expect(baseLength(typed)).toBeLessThan(length(b))
			}),
			{ numRuns: 2000 },
		)
	})

	it("finds its way through a large rewrite", () => {
		const a: Delta = [{ insert: `${Array.from({ length: 3000 }, (_, i) => `line ${i}`).join("\n")}\n` }]
		const b: Delta = [{ insert: `${Array.from({ length: 3000 }, (_, i) => `row ${i * 7}`).join("\n")}\n` }]
		expect(compose(a, diff(a, b))).toEqual(b)
	})
})
