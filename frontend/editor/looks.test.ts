import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"

const classesIn = (css: string) =>
	new Set(css.replace(/\/\*[\s\S]*?\*\//g, "").match(/\.[a-z][\w-]*(?=[^{}]*\{)/gi) ?? [])

test("no style of the page reaches into the text: their classes have no name in common", () => {
	const text = classesIn(readFileSync(join(import.meta.dirname, "editor.css"), "utf8"))
	expect(text.has(".check")).toBe(true)
	const app = join(import.meta.dirname, "../app")
	const sheets = readdirSync(app, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".css"))
	expect(sheets.length).toBeGreaterThan(5)
	for (const sheet of sheets) {
		const common = [...classesIn(readFileSync(join(app, sheet), "utf8"))].filter((name) => text.has(name))
		expect(common, sheet).toEqual([])
	}
})
