// Random documents, changes and transactions for property tests. Small alphabets, so that equal neighbours, ties and
// merged runs are common; surrogate pairs and combining marks, since lengths are UTF-16 units.

import fc from "fast-check"
import type { Node } from "prosemirror-model"
import { type Attributes, canonical, type Delta, length, type Op } from "../../client/index.js"
import { type Insert, insertOp, retainOp } from "../convert.js"

const inlinePool: readonly (readonly [string, unknown])[] = [
	["bold", true],
	["italic", true],
	["underline", true],
	["strike", true],
	["code", true],
	["link", "https://a.example"],
	["link", "mailto:b@example"],
	["color", "#ff0000"],
	["color", "#00ff00"],
	["background", "#ffff00"],
]

const blockPool: readonly (readonly [string, unknown])[] = [
	["header", 1],
	["header", 2],
	["list", "bullet"],
	["list", "ordered"],
	["list", "checked"],
	["list", "unchecked"],
	["indent", 1],
	["indent", 3],
	["align", "center"],
	["blockquote", true],
	["code-block", true],
	["code-block", "go"],
	["direction", "rtl"],
]

const imagePool: readonly (readonly [string, unknown])[] = [
	["width", 100],
	["width", 320],
	["alt", "x"],
]

function attributesFrom(pool: readonly (readonly [string, unknown])[], max = 2): fc.Arbitrary<Attributes | undefined> {
	return fc
		.array(fc.constantFrom(...pool), { maxLength: max })
		.map((pairs) => (pairs.length > 0 ? Object.fromEntries(pairs) : undefined))
}

const inline = attributesFrom(inlinePool)
const block = attributesFrom(blockPool)
const text = fc
	.array(fc.constantFrom("a", "b", " ", "é", "e\u0301", "😀", "👩‍💻", "\t", "א"), { minLength: 1, maxLength: 5 })
	.map((parts) => parts.join(""))

const run: fc.Arbitrary<Insert> = fc.oneof(
	{ weight: 6, arbitrary: fc.tuple(text, inline).map(([value, attributes]) => insertOp(value, attributes)) },
	{
		weight: 1,
		arbitrary: fc
			.tuple(inline, attributesFrom(imagePool))
			.map(([marks, own]) =>
				insertOp({ image: "https://i.example/x.png" }, marks || own ? { ...marks, ...own } : undefined),
			),
	},
	{ weight: 1, arbitrary: inline.map((attributes) => insertOp({ divider: true }, attributes)) },
	{
		weight: 1,
		arbitrary: inline.map((attributes) =>
			insertOp({ mention: { id: "123e4567-e89b-42d3-a456-426614174000", name: "Ann" } }, attributes),
		),
	},
)

const newline = block.map((attributes) => insertOp("\n", attributes))

/** Inserts of text, embeds and line ends. */
export const content: fc.Arbitrary<Insert[]> = fc.array(
	fc.oneof({ weight: 3, arbitrary: run }, { weight: 2, arbitrary: newline }),
	{
		maxLength: 14,
	},
)

/** A valid document: canonical and ending in "\n". */
export const documentDelta: fc.Arbitrary<Delta> = fc
	.tuple(content, newline)
	.map(([ops, last]) => canonical([...ops, last]))

const nulled = (attributes: Attributes | undefined): Attributes | undefined =>
	attributes && Object.fromEntries(Object.keys(attributes).map((key) => [key, null]))

interface Edit {
	readonly kind: "insert" | "delete" | "format" | "clear"
	readonly at: number
	readonly size: number
	readonly content: Insert[]
	readonly inline: Attributes | undefined
	readonly block: Attributes | undefined
	readonly image: Attributes | undefined
}

/** Recipes for edits, to be laid over any document by `changeOver`. */
export const edits: fc.Arbitrary<Edit[]> = fc.array(
	fc.record({
		kind: fc.constantFrom("insert", "delete", "format", "clear"),
		at: fc.nat(12),
		size: fc.nat(8),
		content: fc.array(fc.oneof(run, newline), { minLength: 1, maxLength: 4 }),
		inline,
		block,
		image: attributesFrom(imagePool, 1),
	}),
	{ minLength: 1, maxLength: 5 },
)

/** The units of a document: what stands at each index. */
interface Unit {
	readonly what: "text" | "line" | "image" | "embed"
	/** The index before it is inside a surrogate pair. */
	readonly inPair: boolean
}

function unitsOf(base: Delta): Unit[] {
	const units: Unit[] = []
	for (const op of base) {
		if (!("insert" in op)) continue
		if (typeof op.insert !== "string") {
			units.push({ what: "image" in op.insert ? "image" : "embed", inPair: false })
			continue
		}
		for (let i = 0; i < op.insert.length; i++) {
			const code = op.insert.charCodeAt(i)
			units.push({ what: op.insert[i] === "\n" ? "line" : "text", inPair: code >= 0xdc00 && code < 0xe000 })
		}
	}
	return units
}

/** A valid canonical change over a document (D1-D4). */
export function changeOver(base: Delta, recipe: readonly Edit[]): Delta {
	const units = unitsOf(base)
	const last = length(base) - 1
	const ops: Op[] = []
	let index = 0
	const snap = (to: number) => {
		let at = Math.min(to, last)
		while (at < last && units[at]?.inPair) at++
		return at
	}
	for (const edit of recipe) {
		const start = snap(index + edit.at)
		if (start > index) ops.push(retainOp(start - index))
		index = start
		const end = snap(index + edit.size)
		if (edit.kind === "insert") ops.push(...edit.content)
		else if (edit.kind === "delete") {
			if (end > index) ops.push({ delete: end - index })
			index = end
		} else {
			const change = (attributes: Attributes | undefined) => (edit.kind === "clear" ? nulled(attributes) : attributes)
			for (const stop = edit.kind === "format" && end === last ? last + 1 : end; index < stop; index++) {
				const what = units[index]?.what
				const own = what === "image" ? { ...change(edit.inline), ...change(edit.image) } : change(edit.inline)
				ops.push(retainOp(1, what === "line" ? change(edit.block) : own))
			}
			if (index > last) break
		}
	}
	return canonical(ops)
}

/** Positions of a document where a step may cut: not within a surrogate pair. */
export function cutPositions(doc: Node): number[] {
	const positions: number[] = []
	const units: boolean[] = []
	doc.descendants((node) => {
		if (node.isText) {
			const value = node.text as string
			for (let i = 0; i < value.length; i++) units.push(value.charCodeAt(i) >= 0xdc00 && value.charCodeAt(i) < 0xe000)
		} else if (node.isInline) units.push(false)
		return true
	})
	for (let position = 0; position <= doc.content.size; position++) {
		const resolved = doc.resolve(position)
		const before = resolved.nodeBefore
		const value =
			resolved.textOffset > 0 && before?.isText ? (resolved.parent.child(resolved.index()).text as string) : ""
		const code = value ? value.charCodeAt(resolved.textOffset) : 0
		if (code >= 0xdc00 && code < 0xe000) continue
		positions.push(position)
	}
	return positions
}

/** Seed and run count for every property: COSCRIBE_SEED replays a failure, COSCRIBE_RUNS makes a campaign. */
export function parameters(runs: number): fc.Parameters<unknown> {
	const seed = Number(process.env.COSCRIBE_SEED ?? Math.floor(Math.random() * 2 ** 31))
	const numRuns = Number(process.env.COSCRIBE_RUNS ?? runs)
	console.info(`seed ${seed} (replay: COSCRIBE_SEED=${seed} npx vitest run frontend/editor)`)
	return { seed, numRuns }
}
