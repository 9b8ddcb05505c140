/**
 * What a document may hold (law D4): the twin of the server's table in package
 * `ot`, tested against the same vectors. Names, one spelling per value, and
 * where each may stand. The server refuses the rest with `invalid_change`.
 */
import type { Attributes, Delta, Op } from "./delta.js"

type Rule = (value: unknown) => boolean
type Table = Readonly<Record<string, Rule>>

/** UTF-16 units of the longest address. */
const LONGEST_ADDRESS = 2048

const yes: Rule = (value) => value === true
const oneOf =
	(...values: readonly unknown[]): Rule =>
	(value) =>
		values.includes(value)
const integer =
	(from: number, to: number): Rule =>
	(value) =>
		Number.isInteger(value) && (value as number) >= from && (value as number) <= to
const matching =
	(pattern: RegExp): Rule =>
	(value) =>
		typeof value === "string" && pattern.test(value)
/** A string of so many UTF-16 units, without control characters. */
const text =
	(from: number, to: number): Rule =>
	(value) =>
		typeof value === "string" && value.length >= from && value.length <= to && !holds(value, 0x20)
/** An address that begins with one of the schemes, without spaces and control characters. */
const address =
	(...schemes: readonly string[]): Rule =>
	(value) =>
		typeof value === "string" &&
		value.length <= LONGEST_ADDRESS &&
		!holds(value, 0x21) &&
		!value.includes("\x7f") &&
		schemes.some((scheme) => value.startsWith(scheme) && value.length > scheme.length)

/** Whether some unit of the text is below `limit`, and none of `but`. */
function holds(value: string, limit: number, but = ""): boolean {
	for (let i = 0; i < value.length; i++) {
		if (value.charCodeAt(i) < limit && !but.includes(value.charAt(i))) return true
	}
	return false
}

const color = matching(/^#[0-9a-f]{6}$/)
const codeLanguage = matching(/^[a-z0-9+#-]{1,32}$/)
const uuid = matching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
const personName = text(1, 80)

/** Attributes of text and embeds, never of "\n". */
export const inlineAttributes: Table = {
	bold: yes,
	italic: yes,
	underline: yes,
	strike: yes,
	code: yes,
	link: address("http://", "https://", "mailto:"),
	color,
	background: color,
}

/** Attributes of a line: they stand on its "\n" and nowhere else. */
export const blockAttributes: Table = {
	header: integer(1, 3),
	list: oneOf("bullet", "ordered", "checked", "unchecked"),
	indent: integer(1, 8),
	align: oneOf("center", "right", "justify"),
	blockquote: yes,
	"code-block": (value) => value === true || codeLanguage(value),
	direction: oneOf("rtl"),
}

/** Attributes of an image, beside the inline ones. */
export const imageAttributes: Table = {
	width: integer(16, 4096),
	alt: text(0, 512),
}

/** Embeds by their one key. */
export const embeds: Table = {
	image: address("http://", "https://"),
	divider: yes,
	mention: (value) => {
		if (typeof value !== "object" || value === null || Object.keys(value).sort().join() !== "id,name") return false
		const { id, name } = value as Attributes
		return uuid(id) && personName(name)
	},
}

/** The index of the first op that no document may hold, or -1. Where a retain's attributes fall only the document knows. */
export function firstRefused(delta: Delta): number {
	return delta.findIndex((op) => !allows(op))
}

function allows(op: Op): boolean {
	if ("delete" in op) return true
	if ("retain" in op) {
		const given = without(op.attributes, null)
		return (
			Object.keys(op.attributes ?? {}).every((key) =>
				passes([inlineAttributes, blockAttributes, imageAttributes], key),
			) &&
			(fits(given, inlineAttributes, imageAttributes) || fits(given, blockAttributes))
		)
	}
	const { insert, attributes = {} } = op
	if (typeof insert !== "string") {
		const [key = "", ...more] = Object.keys(insert)
		if (more.length > 0 || !passes([embeds], key, insert[key])) return false
		return key === "image" ? fits(attributes, inlineAttributes, imageAttributes) : fits(attributes, inlineAttributes)
	}
	if (holds(insert, 0x20, "\n\t")) return false
	return (
		(!insert.includes("\n") && fits(attributes, inlineAttributes)) ||
		(!/[^\n]/.test(insert) && fits(attributes, blockAttributes)) ||
		Object.keys(attributes).length === 0
	)
}

function without(attributes: Attributes = {}, unwanted: unknown): Attributes {
	return Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== unwanted))
}

function fits(attributes: Attributes, ...tables: readonly Table[]): boolean {
	return Object.entries(attributes).every(([key, value]) => passes(tables, key, value))
}

/** Whether one of the tables has the name and, where one is given, takes the value. */
function passes(tables: readonly Table[], key: string, ...value: readonly [unknown?]): boolean {
	return tables.some((table) => Object.hasOwn(table, key) && (value.length === 0 || table[key]?.(value[0])))
}
