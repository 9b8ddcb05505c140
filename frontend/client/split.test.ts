import { describe, expect, it } from "vitest"
import { canonical, compose, type Delta, isCanonical } from "./delta.js"
import type { Limits } from "./protocol.js"
import { split } from "./split.js"

const limits = (changeBytes: number, changeOps: number): Limits => ({
	changeBytes,
	changeOps,
	documentLength: 1e7,
	presenceBytes: 2048,
})

function pieces(delta: Delta, bounds: Limits): Delta[] {
	const result: Delta[] = []
	for (let rest = delta; rest.length > 0; ) {
		const [first, next] = split(rest, bounds)
		result.push(first)
		rest = next
	}
	return result
}

describe("split", () => {
	const big: Delta = canonical([
		{ retain: 4 },
		{ insert: '😀é"\n'.repeat(500), attributes: { bold: true } },
		{ insert: { divider: true } },
		{ delete: 3 },
		{ retain: 2, attributes: { color: "#ff0000" } },
		{ insert: "日".repeat(300) },
		{ retain: 7, attributes: { bold: null } },
	])

	it.each([
		[100, 100],
		[256, 2],
		[1000, 1],
		[4000, 3],
	])("[S9] pieces of %i bytes and %i ops keep to the limits and compose to the whole", (changeBytes, changeOps) => {
		const bounds = limits(changeBytes, Math.max(changeOps, 2))
		const parts = pieces(big, bounds)
		expect(parts.length).toBeGreaterThan(1)
		for (const part of parts) {
			expect(isCanonical(part)).toBe(true)
			expect(new TextEncoder().encode(JSON.stringify(part)).length).toBeLessThanOrEqual(bounds.changeBytes)
			expect(part.length).toBeLessThanOrEqual(bounds.changeOps)
			for (const op of part)
				if ("insert" in op && typeof op.insert === "string") expect(op.insert.isWellFormed()).toBe(true)
		}
		expect(parts.reduce(compose)).toEqual(big)
	})

	it("a change within the limits stays whole", () => {
		expect(split(big, limits(100_000, 100))).toEqual([big, []])
	})

	it("an op that alone is too large goes as it is: the server answers for it", () => {
		const embed: Delta = [{ retain: 3 }, { insert: { image: `https://a.example/${"x".repeat(500)}` } }]
		expect(split(embed, limits(100, 10))[0]).toEqual(embed)
	})
})
