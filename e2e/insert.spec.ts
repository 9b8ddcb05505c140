import { engine } from "./engines"
import { expect, test } from "./fixtures"

/** One red pixel. */
const dot = Buffer.from(
	"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGP4z8DwHwAFAAH/iZk9HQAAAABJRU5ErkJggg==",
	"base64",
)

test("links: by key, from the bubble, opened with a modifier, removed", async ({ person, server }) => {
	const id = await server.createDocument("Links", [{ insert: "see the manual here\n" }])
	const ada = await person("Ada")
	await ada.context.route("https://manual.example/**", (route) =>
		route.fulfill({ contentType: "text/html", body: "<title>The manual</title>" }),
	)
	const page = await ada.open(id)
	await page.text.getByText("see the manual").dblclick({ position: { x: 70, y: 12 } })
	await page.bubble.getByRole("button", { name: "Link" }).click()
	const add = page.page.getByRole("dialog", { name: "Add link" })
	await add.getByRole("textbox", { name: "Address" }).fill("javascript:alert(1)")
	await add.getByRole("button", { name: "Add link" }).click()
	await expect(add.getByRole("alert")).toHaveText(/Type a web or e-mail address/)
	await add.getByRole("textbox", { name: "Address" }).fill("manual.example/page")
	await page.press("Enter")
	await page.expectSaved()
	const linked = (await server.content(id)).find((run) => run.attributes?.link)
	expect(linked?.attributes).toEqual({ link: "https://manual.example/page" })

	const link = page.text.getByRole("link")
	const opened = ada.context.waitForEvent("page")
	await link.click({ modifiers: ["ControlOrMeta"] })
	await expect(await opened).toHaveTitle("The manual")
	await (await opened).close()
	await page.page.bringToFront()
	// Without a modifier, as a finger has none, the caret goes into the link, and what to do with it is offered.
	await link.click()
	const offered = page.page.getByRole("toolbar", { name: "Link here" })
	await expect(offered).toContainText("https://manual.example/page")
	const again = ada.context.waitForEvent("page")
	await offered.getByRole("button", { name: "Open link" }).click()
	await expect(await again).toHaveTitle("The manual")
	await (await again).close()
	await page.page.bringToFront()
	// Following a link selects nothing that the next key would replace.
	await expect(page.text.locator(".ProseMirror-selectednode")).toHaveCount(0)
	await page.caretToStart()
	for (let i = 0; i < "see the ".length; i++) await page.press("ArrowRight")
	for (let i = 0; i < "manual".length; i++) await page.press("Shift+ArrowRight")
	await expect(page.tool("Link")).toHaveAttribute("aria-pressed", "true")
	await expect(page.bubble.getByRole("button", { name: "Edit link" })).toBeVisible()
	await page.bubble.getByRole("button", { name: "Remove link" }).click()
	await page.expectSaved()
	await expect.poll(() => server.content(id)).toEqual([{ insert: "see the manual here\n" }])

	await page.caretToEnd()
	await page.type(" https://typed.example/x and [this](https://markdown.example/) too")
	await page.expectSaved()
	const links = (await server.content(id)).flatMap((run) => run.attributes?.link ?? [])
	expect(links).toEqual(["https://typed.example/x", "https://markdown.example/"])
})

test("an image by its address is shown, and keeps description and width", async ({ person, server }) => {
	const id = await server.createDocument("Image")
	const ada = await person("Ada")
	const bo = await person("Bo")
	for (const { context } of [ada, bo])
		await context.route("https://images.example/dot.png", (route) =>
			route.fulfill({ contentType: "image/png", body: dot }),
		)
	const [page, other] = [await ada.open(id), await bo.open(id)]
	await page.caretToStart()
	await page.chooseTool("Insert", "Image")
	const dialog = page.page.getByRole("dialog", { name: "Insert image" })
	await dialog.getByRole("textbox", { name: "Address" }).fill("https://images.example/dot.png")
	await dialog.getByRole("textbox", { name: "Description" }).fill("A red dot")
	await dialog.getByRole("button", { name: "Insert" }).click()
	for (const shown of [page, other]) {
		const image = shown.text.getByRole("img", { name: "A red dot" })
		await expect(image).toBeVisible()
		await expect.poll(() => image.evaluate((img: HTMLImageElement) => img.naturalWidth)).toBe(1)
	}
	await page.expectSaved()
	await expect
		.poll(async () => (await server.content(id))[0])
		.toEqual({
			insert: { image: "https://images.example/dot.png" },
			attributes: { alt: "A red dot" },
		})
})

test("the slash menu, a mention of somebody present, a divider", async ({ person, server }) => {
	const id = await server.createDocument("Slash")
	const page = await (await person("Ada")).open(id)
	const bo = await person("Bo Berg")
	await bo.open(id)
	await expect(page.person("Bo Berg")).toHaveCount(1)
	await page.caretToStart()
	await page.type("/head")
	const menu = page.page.getByRole("listbox", { name: "Insert" })
	await expect(menu.getByRole("option")).toHaveText([/Heading 1/, /Heading 2/, /Heading 3/])
	await page.press("ArrowDown", "Enter")
	await expect(menu).toHaveCount(0)
	await page.type("Title")
	await page.press("Enter")
	await page.type("/")
	await expect(menu).toBeVisible()
	await page.press("Escape")
	await expect(menu).toHaveCount(0)
	await page.type(" is a slash; ask @Bo")
	await expect(page.page.getByRole("listbox", { name: "Mention" }).getByRole("option")).toHaveText([/Bo Berg/])
	await page.press("Enter")
	await page.type("now")
	await page.press("Enter")
	await page.type("---")
	await expect(page.text.locator("hr")).toHaveCount(1)
	await page.expectSaved()
	const content = await server.content(id)
	expect(content.slice(0, 2)).toEqual([{ insert: "Title" }, { insert: "\n", attributes: { header: 2 } }])
	const mention = content.find((run) => typeof run.insert === "object" && run.insert && "mention" in run.insert)
	expect(mention?.insert).toMatchObject({ mention: { name: "Bo Berg" } })
	expect(content.some((run) => JSON.stringify(run.insert) === '{"divider":true}')).toBe(true)
	await expect(page.text.locator(".mention")).toHaveText("@Bo Berg")
})

test("find marks and walks through matches; outline, details and print view", async ({ person, server }) => {
	const id = await server.createDocument("Finding", [
		{ insert: "Chapter one" },
		{ insert: "\n", attributes: { header: 1 } },
		{ insert: `needle and Needle\n${"hay\n".repeat(80)}needle at the end\nChapter two` },
		{ insert: "\n", attributes: { header: 1 } },
		{ insert: "last words\n" },
	])
	const page = await (await person("Ada")).open(id)
	await page.press("Control+f")
	await expect(page.findField).toBeFocused()
	const find = page.page.getByRole("search", { name: "Find in document" })
	await page.type("needle")
	await expect(find).toContainText("1 of 3")
	await expect(page.text.locator(".find-match")).toHaveText(["needle", "Needle", "needle"])
	await page.press("Shift+Enter")
	await expect(find).toContainText("3 of 3")
	await expect(page.text.getByText("needle at the end")).toBeInViewport()
	await find.getByRole("button", { name: "Match case" }).click()
	await expect(find).toContainText(/of 2/)
	await find.getByRole("textbox").fill("nowhere")
	await expect(find).toContainText("Not found")
	await page.press("Escape")
	await expect(page.text.locator(".find-match")).toHaveCount(0)
	await expect(page.text).toBeFocused()

	const outline = page.page.getByRole("navigation", { name: "Outline" })
	await expect(outline.getByRole("button")).toHaveText(["Chapter one", "Chapter two"])
	await outline.getByRole("button", { name: "Chapter one" }).click()
	await expect(page.text.getByText("Chapter one")).toBeInViewport()
	await outline.getByRole("button", { name: "Chapter two" }).click()
	await expect(page.text.getByText("Chapter two")).toBeInViewport()

	await page.choose("Details")
	const details = page.page.getByRole("dialog", { name: "Details" })
	await expect(details.getByRole("definition").first()).toHaveText("93")
	await page.press("Escape")
	// Paper is white, also for who reads on a dark screen.
	await page.choose("Dark")
	await engine.emulate(page.page, { media: "print" })
	await expect(page.page.getByRole("banner")).toBeHidden()
	await expect(page.text).toBeVisible()
	await expect(page.page.locator(".print-title")).toHaveCSS("color", "rgb(28, 28, 26)")
})

test("exports as web page, Markdown and text, named after the title", async ({ person, server }) => {
	const id = await server.createDocument("Übersicht: 1/2", [
		{ insert: "Head" },
		{ insert: "\n", attributes: { header: 1 } },
		{ insert: "some " },
		{ insert: "bold", attributes: { bold: true } },
		{ insert: " <text>\nitem" },
		{ insert: "\n", attributes: { list: "bullet" } },
	])
	const page = await (await person("Ada")).open(id)
	const web = await page.export("Export as web page")
	expect(web.name).toMatch(/bersicht.*\.html$/)
	expect(web.content).toContain("<h1>Head</h1>")
	expect(web.content).toMatch(/<p>some <strong>bold<\/strong> &lt;text&gt;<\/p>/)
	expect(web.content).toMatch(/<ul>\s*<li>item<\/li>\s*<\/ul>/)
	const markdown = await page.export("Export as Markdown")
	expect(markdown.name).toMatch(/\.md$/)
	expect(markdown.content).toMatch(/^# Head\n\nsome \*\*bold\*\* (\\<|&lt;|<)text.*\n\n[-*] item\n$/)
	const text = await page.export("Export as text")
	expect(text.name).toMatch(/\.txt$/)
	expect(text.content).toMatch(/Head\n+some bold <text>\n+.*item\n/)
})
