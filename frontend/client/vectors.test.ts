import { readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { compose, type Delta, invert, isCanonical, transform, transformIndex } from "./delta.js"
import { diff } from "./diff.js"
import { contentHash } from "./hash.js"
import { firstRefused } from "./schema.js"

/** Cases shared with package `ot`, which recorded them from quill-delta 5.1 and from its own table. */
function recorded<T>(name: string): T[] {
	return JSON.parse(readFileSync(new URL(`../../ot/testdata/${name}`, import.meta.url), "utf8"))
}

type Vector =
	| { op: "compose" | "diffApply"; a: Delta; b: Delta; result: Delta }
	| { op: "transform"; over: Delta; delta: Delta; overFirst: boolean; result: Delta }
	| { op: "invert"; delta: Delta; base: Delta; result: Delta }
	| { op: "transformIndex"; delta: Delta; index: number; own: boolean; result: number }

function answer(vector: Vector): Delta | number {
	switch (vector.op) {
		case "compose":
			return compose(vector.a, vector.b)
		case "diffApply":
			return compose(vector.a, diff(vector.a, vector.b))
		case "transform":
			return transform(vector.over, vector.delta, vector.overFirst)
		case "invert":
			return invert(vector.delta, vector.base)
		case "transformIndex":
			return transformIndex(vector.delta, vector.index, vector.own)
	}
}

describe("vectors shared with the server", () => {
	it("[A10] the algebra answers like quill-delta, in canonical form", () => {
		const vectors = recorded<Vector>("vectors.json")
		expect(vectors.length).toBeGreaterThan(100)
		for (const [i, vector] of vectors.entries()) {
			const result = answer(vector)
			expect(result, `vector ${i}: ${JSON.stringify(vector)}`).toEqual(vector.result)
			if (typeof result !== "number") expect(isCanonical(result)).toBe(true)
		}
	})

	it("[C6] content hashes", async () => {
		const vectors = recorded<{ content: Delta; sha256: string }>("hashes.json")
		expect(vectors.length).toBeGreaterThan(10)
		for (const { content, sha256 } of vectors) expect(await contentHash(content), JSON.stringify(content)).toBe(sha256)
	})

	it("[D4] the same deltas are allowed and refused", () => {
		const vectors = recorded<{ delta: Delta; ok: boolean }>("schema.json")
		expect(vectors.length).toBeGreaterThan(100)
		for (const { delta, ok } of vectors) expect(firstRefused(delta) === -1, JSON.stringify(delta)).toBe(ok)
	})
})
