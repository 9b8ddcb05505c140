import { diffAttributes } from "./attributes.js"
import { Builder, type Delta } from "./delta.js"
import { OpIterator, opLength } from "./iterator.js"

/** Edits looked for before a stretch is taken as replaced; bounds time and memory to its square. */
const MOST_EDITS = 400

/**
 * What turns document `a` into document `b`: by lines first, then by
 * characters inside the lines that differ, and never through a surrogate pair.
 * Small rather than smallest: a stretch with more than 400 edits is replaced.
 * The final newlines of two documents are one and the same, so what is moved
 * over the change never ends up behind it (law D3).
 */
export function diff(a: Delta, b: Delta): Delta {
	const from = flatten(a)
	const to = flatten(b)
	const end = takeEnd(from, to)
	const left = new OpIterator(a)
	const right = new OpIterator(b)
	const result = new Builder()
	const replace = (removed: number, added: number) => {
		for (let n = added; n > 0; ) {
			const op = right.next(n)
			result.push(op)
			n -= opLength(op)
		}
		result.delete(removed)
		for (let n = removed; n > 0; ) n -= opLength(left.next(n))
	}
	const keep = (kept: number) => {
		for (let n = kept; n > 0; ) {
			const size = Math.min(n, left.left, right.left)
			const before = left.next(size)
			const after = right.next(size)
			n -= size
			if (!("insert" in before) || !("insert" in after)) throw new TypeError("diff compares two documents")
			result.retain(size, diffAttributes(before.attributes, after.attributes))
		}
	}
	for (const [kept, removed, added] of hunks(from, to)) {
		keep(kept)
		replace(removed, added)
	}
	keep(end)
	return result.delta()
}

/** Takes the final newline from both, if both have one, and returns the units taken from each. */
function takeEnd(a: string[], b: string[]): number {
	const x = a.at(-1) ?? ""
	const y = b.at(-1) ?? ""
	if (!x.endsWith("\n") || !y.endsWith("\n") || x.startsWith(EMBED) || y.startsWith(EMBED)) return 0
	a.splice(-1, 1, ...(x.length > 1 ? [x.slice(0, -1)] : []))
	b.splice(-1, 1, ...(y.length > 1 ? [y.slice(0, -1)] : []))
	return 1
}

/** Units kept, then removed from the one, then added from the other. */
type Hunk = readonly [kept: number, removed: number, added: number]

/** Begins the token of an embed. Half a surrogate pair, so no text begins with it (law D2). */
const EMBED = "\udc00"

/** The text by lines, and each embed as a token for its content: equal tokens are equal embeds. */
function flatten(document: Delta): string[] {
	const tokens: string[] = []
	let line = ""
	for (const op of document) {
		if (!("insert" in op)) throw new TypeError("diff compares two documents")
		if (typeof op.insert !== "string") {
			if (line) tokens.push(line)
			tokens.push(EMBED + JSON.stringify(op.insert))
			line = ""
			continue
		}
		for (const part of op.insert.match(/[^\n]*\n|[^\n]+/g) ?? []) {
			line += part
			if (part.endsWith("\n")) {
				tokens.push(line)
				line = ""
			}
		}
	}
	if (line) tokens.push(line)
	return tokens
}

const units = (tokens: readonly string[], from = 0, to = tokens.length) => {
	let sum = 0
	for (let i = from; i < to; i++) sum += tokens[i]?.startsWith(EMBED) ? 1 : (tokens[i]?.length ?? 0)
	return sum
}

/** A token as code points; an embed stays one token. */
const points = (tokens: readonly string[]) =>
	tokens.flatMap((token) => (token.startsWith(EMBED) ? [token] : [...token]))

function* hunks(a: readonly string[], b: readonly string[]): Generator<Hunk> {
	let kept = 0
	for (const [same, removed, added, i, j] of match(a, b)) {
		kept += units(a, i, i + same)
		const x = points(a.slice(i + same, i + same + removed))
		const y = points(b.slice(j + same, j + same + added))
		for (const [equal, less, more, k, l] of match(x, y)) {
			kept += units(x, k, k + equal)
			if (less + more === 0) continue
			yield [kept, units(x, k + equal, k + equal + less), units(y, l + equal, l + equal + more)]
			kept = 0
		}
	}
	if (kept > 0) yield [kept, 0, 0]
}

/** Tokens kept, removed and added, and where the hunk begins in both. */
type Match = readonly [same: number, removed: number, added: number, i: number, j: number]

/** The common tail, the common head, and between them Myers's greedy search ("An O(ND) Difference Algorithm", 1986). */
function match(a: readonly string[], b: readonly string[]): Match[] {
	let tail = 0
	while (tail < a.length && tail < b.length && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++
	const n = a.length - tail
	const m = b.length - tail
	let head = 0
	while (head < n && head < m && a[head] === b[head]) head++
	const steps = n > head && m > head ? search(a, b, head, n, m) : undefined
	const result: Match[] = []
	let i = 0
	let j = 0
	const add = (x: number, y: number, removed: number, added: number) => {
		const last = result.at(-1)
		if (last && x === i && removed + added > 0)
			result[result.length - 1] = [last[0], last[1] + removed, last[2] + added, last[3], last[4]]
		else result.push([x - i, removed, added, i, j])
		i = x + removed
		j = y + added
	}
	for (const [x, y, removed, added] of steps ?? [[head, head, n - head, m - head] as const]) add(x, y, removed, added)
	add(a.length, b.length, 0, 0)
	return result
}

type Step = readonly [x: number, y: number, removed: number, added: number]

/** Single-token edits in order, or undefined when there are too many. */
function search(a: readonly string[], b: readonly string[], head: number, n: number, m: number): Step[] | undefined {
	const trace: Map<number, number>[] = []
	let reach = new Map<number, number>([[1, head]])
	for (let d = 0; d <= MOST_EDITS; d++) {
		const next = new Map<number, number>()
		for (let k = -d; k <= d; k += 2) {
			const down = k === -d || (k !== d && (reach.get(k - 1) ?? -1) < (reach.get(k + 1) ?? -1))
			let x = down ? (reach.get(k + 1) ?? head) : (reach.get(k - 1) ?? head) + 1
			while (x < n && x - k < m && a[x] === b[x - k]) x++
			next.set(k, x)
			if (x >= n && x - k >= m) return walkBack([...trace, reach], n, m)
		}
		trace.push(reach)
		reach = next
	}
	return undefined
}

function walkBack(trace: readonly Map<number, number>[], n: number, m: number): Step[] {
	const steps: Step[] = []
	let x = n
	let y = m
	for (let d = trace.length - 1; d > 0; d--) {
		const reach = trace[d] as Map<number, number>
		const k = x - y
		const down = k === -d || (k !== d && (reach.get(k - 1) ?? -1) < (reach.get(k + 1) ?? -1))
		const from = down ? k + 1 : k - 1
		x = reach.get(from) ?? 0
		y = x - from
		steps.push(down ? [x, y, 0, 1] : [x, y, 1, 0])
	}
	return steps.reverse()
}
