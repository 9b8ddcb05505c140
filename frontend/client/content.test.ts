import { describe, expect, it } from "vitest"
import { Content } from "./content.js"
import { compose, type Delta } from "./delta.js"
import { Random } from "./testing/random.js"

describe("content", () => {
	it("[A3] thousands of changes folded late give what folding each at once gives", () => {
		const random = new Random(5)
		let eager: Delta = [{ insert: "start\n" }]
		let lazy = Content.of(eager)
		const early = lazy
		for (let i = 0; i < 2500; i++) {
			const at = random.below(lazy.length - 1)
			const change: Delta =
				random.chance(0.7) || at === 0 ? [{ retain: at + 1 }, { insert: "x" }] : [{ retain: at }, { delete: 1 }]
			const fitting = at + 1 >= lazy.length - 1 ? [{ insert: "y" }] : change
			eager = compose(eager, fitting)
			lazy = lazy.apply(fitting)
			if (random.chance(0.002)) expect(lazy.delta).toEqual(eager)
		}
		expect(lazy.delta).toEqual(eager)
		expect(early.delta).toEqual([{ insert: "start\n" }])
	})

	it("[D1] a change that reaches past the end is an error", () => {
		expect(() => Content.of([{ insert: "ab\n" }]).apply([{ retain: 4, attributes: { bold: true } }])).toThrow(
			RangeError,
		)
	})
})
