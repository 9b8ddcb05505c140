import { expect, test } from "./fixtures"
import type { Insert } from "./server"

/** How one gets each kind of line, and what it is in the durable delta. */
const kinds = [
	{ name: "Heading 1", key: "Control+Alt+1", typed: "# ", attributes: { header: 1 } },
	{ name: "Heading 2", key: "Control+Alt+2", typed: "## ", attributes: { header: 2 } },
	{ name: "Heading 3", key: "Control+Alt+3", typed: "### ", attributes: { header: 3 } },
	{ name: "Bullet list", key: "Control+Shift+8", typed: "- ", attributes: { list: "bullet" } },
	{ name: "Numbered list", key: "Control+Shift+7", typed: "1. ", attributes: { list: "ordered" } },
	{ name: "Check list", key: "Control+Shift+9", typed: "[] ", attributes: { list: "unchecked" } },
	{ name: "Quote", key: null, typed: "> ", attributes: { blockquote: true } },
	{ name: "Code block", key: null, typed: "``` ", attributes: { "code-block": true } },
] as const

test("every kind of line by key, by toolbar and as Markdown", async ({ person, server }) => {
	const id = await server.createDocument("Lines", [{ insert: "Lines" }, { insert: "\n", attributes: { header: 3 } }])
	const page = await (await person("Ada")).open(id)
	await page.caretToEnd()
	const expected: Insert[] = [{ insert: "Lines" }, { insert: "\n", attributes: { header: 3 } }]
	for (const { name, key, typed, attributes } of kinds) {
		const ways: [string, () => Promise<void>][] = [
			["toolbar", () => page.chooseTool("Kind of line", name)],
			["Markdown", () => page.type(typed)],
		]
		if (key) ways.push(["key", () => page.press(key)])
		for (const [way, apply] of ways) {
			await page.press("Enter", "Control+Alt+0")
			await apply()
			await page.type(`${name} by ${way}`)
			expected.push({ insert: `${name} by ${way}` }, { insert: "\n", attributes })
		}
		await expect(page.tool("Kind of line")).toHaveText(name)
	}
	await page.expectSaved()
	await expect.poll(() => server.content(id)).toEqual(expected)
	await expect(page.text.getByRole("heading", { level: 2 })).toHaveCount(3)
	await expect(page.text.getByRole("blockquote")).toHaveCount(2)
})

/** The same for what text may be. */
const marks = [
	{ name: "bold", tool: "Bold", key: "Control+b", around: "**", element: "strong" },
	{ name: "italic", tool: "Italic", key: "Control+i", around: "_", element: "em" },
	{ name: "underline", tool: "Underline", key: "Control+u", around: null, element: "u" },
	{ name: "strike", tool: "Strikethrough", key: "Control+Shift+x", around: "~~", element: "s" },
	{ name: "code", tool: "Code", key: "Control+e", around: "`", element: "code" },
] as const

test("every mark by key, by toolbar and as Markdown, and clearing them", async ({ person, server }) => {
	const id = await server.createDocument("Marks")
	const page = await (await person("Ada")).open(id)
	await page.caretToStart()
	const expected: Insert[] = []
	for (const { name, tool, key, around, element } of marks) {
		const marked = (text: string) => expected.push({ insert: text, attributes: { [name]: true } }, { insert: " " })
		await page.press(key)
		await expect(page.tool(tool)).toHaveAttribute("aria-pressed", "true")
		await page.type("key")
		await page.press(key)
		await expect(page.tool(tool)).toHaveAttribute("aria-pressed", "false")
		await page.type(" ")
		marked("key")
		await page.tool(tool).click()
		await page.type("toolbar")
		await page.tool(tool).click()
		await page.type(" ")
		marked("toolbar")
		if (around) {
			await page.type(`${around}Markdown${around} `)
			marked("Markdown")
		}
		await expect(page.text.locator(element)).toHaveCount(around ? 3 : 2)
	}
	await page.expectSaved()
	await expect.poll(() => server.content(id)).toEqual([...expected.slice(0, -1), { insert: " \n" }])
	await page.press("Control+a", "Control+\\")
	await page.expectSaved()
	expect(await server.content(id)).toHaveLength(1)
	await page.press("Control+z")
	await expect(page.text.locator("strong")).toHaveCount(3)
})

test("alignment, direction, colour and highlight", async ({ person, server }) => {
	const id = await server.createDocument("Looks", [{ insert: "Some words here\n" }])
	const page = await (await person("Ada")).open(id)
	await page.caretToStart()
	for (const [key, align] of [
		["Control+Shift+e", "center"],
		["Control+Shift+r", "right"],
		["Control+Shift+j", "justify"],
	] as const) {
		await page.press(key)
		await expect(page.line(0)).toHaveAttribute("data-align", align)
	}
	await page.chooseTool("Alignment", "Left")
	// Where left is in a line that runs from the right, browsers do not agree.
	await page.press("Control+Home", "Control+Shift+ArrowRight")
	await page.chooseTool("Alignment", "Right to left")
	await expect(page.line(0)).toHaveAttribute("dir", "rtl")
	await page.tool("Colour").click()
	await page.page.getByRole("button", { name: "Text colour: Red" }).click()
	await page.tool("Colour").click()
	await page.page.getByRole("button", { name: "Highlight: Yellow" }).click()
	await page.expectSaved()
	const [first, ...rest] = await server.content(id)
	expect(first?.attributes).toEqual({ color: "#b91c1c", background: "#fef3b8" })
	expect(String(first?.insert).trim()).toBe("Some")
	expect(rest.at(-1)).toEqual({ insert: "\n", attributes: { direction: "rtl" } })
})

test("boxes toggle, lists indent by Tab, Enter and Backspace leave them, code keeps its tabs", async ({
	person,
	server,
}) => {
	const id = await server.createDocument("Lists")
	const page = await (await person("Ada")).open(id)
	await page.caretToStart()
	await page.type("[] one")
	await page.press("Enter", "Tab")
	await page.type("two")
	await page.press("Enter", "Tab")
	await page.type("three")
	await page.press("Shift+Tab", "Control+Enter")
	await page.page.getByRole("checkbox", { name: "one", exact: true }).click()
	// Enter on an empty item goes one step out, and out of the list at the end.
	await page.press("Enter", "Enter", "Enter")
	await page.type("out")
	await page.press("Enter")
	await page.type("- x")
	await page.press("Backspace", "Backspace")
	await page.type("```go ")
	await page.type("if x {")
	await page.press("Enter", "Tab")
	await page.type("y()")
	await page.press("Enter")
	await page.type("z")
	await page.expectSaved()
	await expect
		.poll(() => server.content(id))
		.toEqual([
			{ insert: "one" },
			{ insert: "\n", attributes: { list: "checked" } },
			{ insert: "two" },
			{ insert: "\n", attributes: { list: "unchecked", indent: 1 } },
			{ insert: "three" },
			{ insert: "\n", attributes: { list: "checked", indent: 1 } },
			{ insert: "out\nif x {" },
			{ insert: "\n", attributes: { "code-block": "go" } },
			{ insert: "\ty()" },
			{ insert: "\n", attributes: { "code-block": "go" } },
			{ insert: "\tz" },
			{ insert: "\n", attributes: { "code-block": "go" } },
		])
	await page.page.locator(".check").first().click()
	await page.expectSaved()
	await expect.poll(async () => (await server.content(id))[1]?.attributes).toEqual({ list: "unchecked" })
})
