import { describe, expect, it } from "vitest"
import type { Op } from "./delta.js"
import { firstRefused } from "./schema.js"

const url = "https://a.example/x.png"

describe("schema", () => {
	it.each<Op>([
		{ delete: 3 },
		{ retain: 2 },
		{ retain: 2, attributes: { bold: null, header: null } },
		{ retain: 1, attributes: { width: 300 } },
		{ insert: "tab\tand\nline" },
		{ insert: "link", attributes: { link: "mailto:a@b.example", color: "#00ff00" } },
		{ insert: "\n\n", attributes: { list: "checked", indent: 8 } },
		{ insert: "\n", attributes: { "code-block": "c++" } },
		{ insert: { image: url }, attributes: { alt: "", width: 16, bold: true } },
		{ insert: { mention: { name: "Ada", id: "0190f3a4-aaaa-7000-8000-0000000000aa" } } },
	])("[D4] allows %j", (op) => {
		expect(firstRefused([op])).toBe(-1)
	})

	it.each<Op>([
		{ insert: "a\r\n" },
		{ insert: "a", attributes: { header: 1 } },
		{ insert: "a\n", attributes: { bold: true } },
		{ insert: "a", attributes: { bold: false } },
		{ insert: "a", attributes: { bold: null } },
		{ insert: "a", attributes: { color: "#FF0000" } },
		{ insert: "a", attributes: { link: "javascript:alert(1)" } },
		{ insert: "a", attributes: { link: "https://a b" } },
		{ insert: "a", attributes: { link: "https://" } },
		{ insert: "a", attributes: { toString: true } },
		{ insert: "\n", attributes: { indent: 1.5 } },
		{ insert: "\n", attributes: { indent: 9 } },
		{ insert: { image: url, divider: true } },
		{ insert: { image: "data:image/png;base64,AA==" } },
		{ insert: { divider: true }, attributes: { alt: "x" } },
		{ insert: { video: url } },
		{ insert: { mention: { id: "1", name: "Ada" } } },
		{ retain: 1, attributes: { unknown: null } },
		{ retain: 1, attributes: { bold: true, header: 1 } },
	])("[D4] refuses %j", (op) => {
		expect(firstRefused([{ retain: 1 }, op])).toBe(1)
	})
})
