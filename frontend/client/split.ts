import { Builder, canonical, type Delta, length, type Op } from "./delta.js"
import { insertOp } from "./iterator.js"
import type { Limits } from "./protocol.js"

const encoder = new TextEncoder()
const bytes = (value: unknown) => encoder.encode(JSON.stringify(value)).length

/**
 * A change in two, `[first, rest]`, where `first` keeps to the limits of one
 * submit and `compose(first, rest)` is the change: a large paste leaves in
 * pieces and is never dropped (law S9). Both are canonical, and no surrogate
 * pair is cut (law D2).
 */
export function split(delta: Delta, limits: Limits): [first: Delta, rest: Delta] {
	if (delta.length <= limits.changeOps && bytes(delta) <= limits.changeBytes) return [delta, []]
	let room = limits.changeBytes - "[]".length
	let whole = 0
	for (; whole < delta.length && whole < limits.changeOps; whole++) {
		const size = bytes(delta[whole]) + ",".length
		if (size > room) break
		room -= size
	}
	const head = delta.slice(0, whole)
	const tail = delta.slice(whole)
	const next = tail[0]
	if (whole < limits.changeOps && next && "insert" in next && typeof next.insert === "string") {
		const units = unitsWithin(next.insert, room - bytes(insertOp("", next.attributes)) - ",".length)
		if (units > 0) {
			head.push(insertOp(next.insert.slice(0, units), next.attributes))
			tail[0] = insertOp(next.insert.slice(units), next.attributes)
		}
	}
	// There is progress even where one op alone is too large: the server answers for that.
	while (canonical(head).length === 0) head.push(tail.shift() as Op)
	const rest = new Builder().retain(length(head))
	for (const op of tail) rest.push(op)
	return [canonical(head), rest.delta()]
}

/** How many units of the text take at most `room` bytes inside a JSON string. */
function unitsWithin(text: string, room: number): number {
	let left = room
	let index = 0
	while (index < text.length) {
		const point = text.codePointAt(index) as number
		left -= bytesOf(point)
		if (left < 0) break
		index += point > 0xffff ? 2 : 1
	}
	return index
}

/** Bytes of a code point in JSON, at most; line separators may be written as escapes. */
function bytesOf(point: number): number {
	if (point === 0x22 || point === 0x5c || point === 0x0a || point === 0x09) return 2
	if (point < 0x20 || point === 0x2028 || point === 0x2029) return 6
	if (point < 0x80) return 1
	if (point < 0x800) return 2
	return point > 0xffff ? 4 : 3
}
