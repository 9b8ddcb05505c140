// Records the answers of quill-delta and of Node's own SHA-256 as vectors for
// the tests of both languages: node ot/ottest/oracle/record.mjs
// The inputs are random tuples of the oracle and the cases below.
import { execFileSync } from "node:child_process"
import { createHash } from "node:crypto"
import { writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { canonical, compose, invert, stable, transform, transformIndex } from "./quill.mjs"

const root = fileURLToPath(new URL("../../..", import.meta.url))
const bold = { bold: true }
const red = { color: "#ff0000" }

/** Cases worth reading: [document, a, b], a and b concurrent changes of it. */
const chosen = [
	[[{ insert: "abc\n" }], [{ retain: 1 }, { insert: "x" }], [{ retain: 1 }, { insert: "y" }]],
	[[{ insert: "abc\n" }], [{ delete: 3 }], [{ retain: 1 }, { insert: "y" }, { delete: 1 }]],
	[[{ insert: "abc\n" }], [{ retain: 3, attributes: bold }], [{ retain: 2, attributes: { bold: null, ...red } }]],
	[
		[{ insert: "abc", attributes: bold }, { insert: "\n" }],
		[{ retain: 3, attributes: { bold: null } }],
		[{ delete: 2 }],
	],
	[[{ insert: "a😀b\n" }], [{ retain: 1 }, { delete: 2 }], [{ retain: 3 }, { insert: "😀" }]],
	[
		[{ insert: { image: "https://example.org/a.png" } }, { insert: "\n" }],
		[{ delete: 1 }],
		[{ retain: 1, attributes: { width: 20 } }],
	],
	[[{ insert: "ab\n" }], [{ insert: "x" }, { delete: 2 }], [{ retain: 2 }, { insert: "y" }]],
	[
		[{ insert: "a", attributes: { zero: 0, empty: "", no: false } }, { insert: "\n" }],
		[{ retain: 1, attributes: { zero: null, empty: 0, no: "" } }],
		[{ retain: 1, attributes: { zero: "", no: 0 } }],
	],
	[
		[{ insert: "a", attributes: { o: { k: [1, { z: null }] } } }, { insert: "\n" }],
		[{ retain: 1, attributes: { o: { k: [1, { z: null }] } } }],
		[{ retain: 1, attributes: { o: { k: 2 } } }],
	],
	[
		[{ insert: "\n" }],
		[{ retain: 1, attributes: { header: 1 } }],
		[{ retain: 1, attributes: { header: 2, list: "bullet" } }],
	],
]

function tuples() {
	const args = ["run", "./ot/ottest/oracle", "-tuples", "36", "-seed", "5100"]
	const lines = execFileSync("go", args, { cwd: root, encoding: "utf8", maxBuffer: 1 << 26 })
	return lines.trim().split("\n").map(JSON.parse)
}

function vectorsOf({ doc, a, b, index }) {
	const after = compose(doc, b)
	const moved = transform(a, b, true)
	return [
		{ op: "compose", a: doc, b: a, result: compose(doc, a) },
		{ op: "compose", a, b: moved, result: compose(a, moved) },
		{ op: "transform", over: a, delta: b, overFirst: true, result: moved },
		{ op: "transform", over: a, delta: b, overFirst: false, result: transform(a, b, false) },
		{ op: "transform", over: b, delta: a, overFirst: true, result: transform(b, a, true) },
		{ op: "invert", delta: a, base: doc, result: invert(a, doc) },
		{ op: "transformIndex", delta: a, index, own: true, result: transformIndex(a, index, true) },
		{ op: "transformIndex", delta: a, index, own: false, result: transformIndex(a, index, false) },
		{ op: "diffApply", a: doc, b: after, result: after },
	]
}

const inputs = [...chosen.map(([doc, a, b]) => ({ doc, a, b, index: 1 })), ...tuples()]
const vectors = inputs.flatMap(vectorsOf)
const contents = [
	[{ insert: "\n" }],
	[{ insert: 'é😀\u2028\u0001\\"/\n' }],
	[
		{ insert: "a", attributes: { "\ue000": 1, "\u{10000}": 2, b: 1.5, a: 1e21, c: 1e-7, d: -0, e: 0.1 } },
		{ insert: "\n" },
	],
	...inputs.map((input) => input.doc),
]
const hashes = contents.map((content) => ({
	content,
	sha256: createHash("sha256")
		.update(stable(canonical(content)))
		.digest("hex"),
}))
const listed = (all) => `[\n${all.map((one) => JSON.stringify(one)).join(",\n")}\n]\n`
writeFileSync(`${root}/ot/testdata/vectors.json`, listed(vectors))
writeFileSync(`${root}/ot/testdata/hashes.json`, listed(hashes))
