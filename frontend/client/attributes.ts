/**
 * Attributes of one op, key by key (law A7). `null` in a change means "remove";
 * `false`, `0` and `""` are values. Every function returns a new map or an
 * argument unchanged, and never an empty map: nothing is `undefined` (law A4).
 */
export type Attributes = Readonly<Record<string, unknown>>

type Maybe = Attributes | undefined

/** Whether two JSON values are the same, whatever the order of their keys. */
export function equalValues(a: unknown, b: unknown): boolean {
	if (a === b) return true
	if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false
	if (Array.isArray(a) !== Array.isArray(b)) return false
	const keys = Object.keys(a)
	if (keys.length !== Object.keys(b).length) return false
	const x = a as Attributes
	const y = b as Attributes
	return keys.every((key) => Object.hasOwn(y, key) && equalValues(x[key], y[key]))
}

/** The map with its keys in order, without those `drop` picks; nothing becomes `undefined`. */
export function tidy(attributes: Maybe, drop: (value: unknown) => boolean = (value) => value === undefined): Maybe {
	if (!attributes) return undefined
	const keys = Object.keys(attributes).filter((key) => !drop(attributes[key]))
	if (keys.length === 0) return undefined
	return Object.fromEntries(keys.sort().map((key) => [key, attributes[key]]))
}

/** `b` laid over `a`. On an insert (`keepNull` false) a null takes its key away. */
export function composeAttributes(a: Maybe, b: Maybe, keepNull: boolean): Maybe {
	if (!b) return a
	return tidy({ ...a, ...b }, (value) => value === undefined || (value === null && !keepNull))
}

/** `b` moved over a concurrent `a`: where `a` was sequenced earlier, its keys win. */
export function transformAttributes(a: Maybe, b: Maybe, aFirst: boolean): Maybe {
	if (!a || !b || !aFirst) return b
	return tidy(Object.fromEntries(Object.entries(b).filter(([key]) => a[key] === undefined)))
}

/**
 * What takes `changed` back where the text had `base`. Like quill-delta it
 * names every key the text lacked, and takes two objects for different.
 */
export function invertAttributes(changed: Maybe, base: Maybe): Maybe {
	if (!changed) return undefined
	const inverse: Record<string, unknown> = {}
	for (const [key, value] of Object.entries(changed)) {
		const before = base?.[key]
		if (value !== before || typeof value === "object") inverse[key] = before ?? null
	}
	return tidy(inverse)
}

/** What turns `a` into `b`. */
export function diffAttributes(a: Maybe, b: Maybe): Maybe {
	if (a === b) return undefined
	const change: Record<string, unknown> = {}
	for (const key of Object.keys({ ...a, ...b })) {
		if (!equalValues(a?.[key], b?.[key])) change[key] = b?.[key] ?? null
	}
	return tidy(change)
}
