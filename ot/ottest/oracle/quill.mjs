// quill-delta 5.1 asked the same questions as package ot, with its answers put
// into the canonical form of law A4 by code of its own.
import Delta from "quill-delta"

/** Text that is the same for values that mean the same: keys sorted. */
export function stable(value) {
	if (Array.isArray(value)) return `[${value.map(stable).join()}]`
	if (value === null || typeof value !== "object") return JSON.stringify(value)
	const keys = Object.keys(value).sort() // by UTF-16 units, as RFC 8785 asks
	return `{${keys.map((key) => `${JSON.stringify(key)}:${stable(value[key])}`).join()}}`
}

const style = (op) => (op.attributes && Object.keys(op.attributes).length > 0 ? stable(op.attributes) : "")

/** The canonical form of a list of ops, as a new list. */
export function canonical(ops) {
	const out = []
	let removed = 0
	const flush = () => {
		if (removed > 0) out.push({ delete: removed })
		removed = 0
	}
	for (const op of ops) {
		if (op.delete !== undefined) {
			removed += op.delete
			continue
		}
		if (op.retain === 0 || op.insert === "") continue
		if (op.retain !== undefined) flush()
		const styled = style(op)
		const last = out.at(-1)
		if (last && last.delete === undefined && style(last) === styled) {
			if (typeof op.insert === "string" && typeof last.insert === "string") {
				last.insert += op.insert
				continue
			}
			if (op.retain !== undefined && last.retain !== undefined) {
				last.retain += op.retain
				continue
			}
		}
		const copy = op.retain !== undefined ? { retain: op.retain } : { insert: op.insert }
		if (styled) copy.attributes = op.attributes
		out.push(copy)
	}
	flush()
	const last = out.at(-1)
	if (last && last.retain !== undefined && !last.attributes) out.pop()
	return out
}

export const compose = (a, b) => canonical(new Delta(a).compose(new Delta(b)).ops)
export const transform = (over, delta, overFirst) =>
	canonical(new Delta(over).transform(new Delta(delta), overFirst).ops)
export const invert = (delta, base) => canonical(new Delta(delta).invert(new Delta(base)).ops)
export const transformIndex = (delta, index, own) => new Delta(delta).transformPosition(index, !own)

/** The questions of one tuple, in the order of main.go: name, answer, and what ot's answer must be turned into. */
export const questions = [
	["compose(a, c)", (t) => compose(t.a, t.c)],
	["compose(doc, a)", (t) => compose(t.doc, t.a)],
	["apply(doc, b)", (t) => compose(t.doc, t.b)],
	["transform(a, b, true)", (t) => transform(t.a, t.b, true)],
	["transform(a, b, false)", (t) => transform(t.a, t.b, false)],
	["transform(b, a, true)", (t) => transform(t.b, t.a, true)],
	["invert(a, doc)", (t) => invert(t.a, t.doc)],
	// Which diff is given is free; what it makes of the document is not.
	["diff(doc, doc·b)", (t) => compose(t.doc, t.b), (t, diff) => compose(t.doc, diff)],
	["transformIndex(a, index, true)", (t) => transformIndex(t.a, t.index, true)],
	["transformIndex(a, index, false)", (t) => transformIndex(t.a, t.index, false)],
]
