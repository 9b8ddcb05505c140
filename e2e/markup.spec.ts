import { readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "./fixtures"
import type { Insert } from "./server"

const parts = JSON.parse(readFileSync(join(import.meta.dirname, "markup.json"), "utf8")) as {
	calls: string[]
	markup: string[]
}

/** Every piece of hostile markup with every call, on one line. */
const payloads = parts.markup.flatMap((markup) =>
	// biome-ignore lint/suspicious/noControlCharactersInRegex: documents hold none of them
	parts.calls.map((call) => markup.replaceAll("§", call).replace(/[\u0000-\u001f]+/g, " ")),
)
/** Some that may be a title: one line that turns nothing around. */
const short = payloads.filter((payload, i) => payload.length <= 80 && i % 17 === 0 && !/[\u2028-\u202e]/.test(payload))

test("hostile texts, titles and names are shown, and nothing of them runs", async ({
	person,
	freshServer: server,
	expectConsole,
}) => {
	test.slow()
	// A file that is shown stands in a sandbox, whose browser asks for the icon in vain.
	expectConsole(
		/ERR_BLOCKED_BY_RESPONSE\.NotSameOrigin|favicon\.ico” was blocked due to its Cross-Origin-Resource-Policy/,
	)
	expect(payloads.length).toBeGreaterThan(300)
	const content: Insert[] = payloads.flatMap((payload, i) => [
		{ insert: payload, attributes: i % 2 ? { bold: true } : { link: "https://a.example/" } },
		{ insert: { mention: { id: "0190b5a4-0000-7000-8000-000000000001", name: payload.slice(0, 80) } } },
		{ insert: "\n", attributes: i % 3 ? { list: "bullet" } : { "code-block": true } },
	])
	// A code block holds neither marks nor embeds.
	const plain = payloads.flatMap((payload): Insert[] => [
		{ insert: payload },
		{ insert: "\n", attributes: { "code-block": "html" } },
	])
	const document = await server.createDocument(
		short[0] ?? "",
		content.filter((op) => !op.attributes?.["code-block"]).concat({ insert: "\n" }, plain, { insert: "the end\n" }),
	)
	for (const title of short) await server.createDocument(title)

	const ada = await person("Ada", { at: server })
	const ran: string[] = []
	await ada.context.exposeBinding("hurt", ({ page }) => void ran.push(page.url()))
	ada.context.on("dialog", (dialog) => {
		ran.push(dialog.message())
		void dialog.dismiss()
	})
	for (const name of short) {
		const renamed = await ada.context.request.patch(`${server.url}/api/me`, { data: { name } })
		expect([200, 400]).toContain(renamed.status())
	}

	const page = await ada.open(document)
	await expect(page.text).toContainText("the end")
	await expect(page.text).toContainText("<script>hurt()</script>")
	const home = await ada.home()
	await expect(home.rows).toHaveCount(short.length + 1)

	const shown = await ada.context.newPage()
	await shown.goto(`${server.url}/api/documents/${document}/content?format=html`)
	await expect(shown.getByText("the end")).toBeVisible()
	// The file as it is opened from a disk, where no policy protects it.
	const file = await (
		await ada.context.request.get(`${server.url}/api/documents/${document}/content?format=html`)
	).text()
	await shown.goto("about:blank")
	await shown.setContent(file)
	await expect(shown.getByText("the end")).toBeVisible()
	expect(await shown.evaluate(() => typeof (window as unknown as { hurt?: unknown }).hurt)).toBe("function")
	expect(ran).toEqual([])
})
