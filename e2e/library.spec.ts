import WebSocket from "ws"
import { createClient } from "../frontend/client/index"
import { expect, test } from "./fixtures"

test("a program with the client library meets a person in the same document", async ({ person, server }) => {
	const id = await server.createDocument("Program", [{ insert: "Start\n" }])
	const page = await (await person("Ada")).open(id)
	await page.caretToEnd()
	await page.type("!")
	await page.expectLines(["Start!"])

	// The README's example.
	const client = createClient({ url: server.url, webSocket: WebSocket as never })
	const document = client.open(id)
	const seen: string[] = []
	document.on("change", ({ delta, source }) => seen.push(`${source} ${JSON.stringify(delta)}`))
	document.on("status", (status) => seen.push(status.state))
	document.on("reset", () => document.submit([{ insert: "Hello from a program. " }]))

	try {
		await page.expectLines(["Hello from a program. Start!"])
		await expect.poll(() => seen.at(-1)).toBe("saved")
		expect(seen).toContain('local [{"insert":"Hello from a program. "}]')
		await page.type(" And hello from a person.")
		await expect
			.poll(() => document.content)
			.toEqual([{ insert: "Hello from a program. Start! And hello from a person.\n" }])
		expect(seen.some((line) => line.startsWith("remote "))).toBe(true)

		// Both ways at once, then a caret that a program shows.
		document.setPresence({ anchor: 0, head: 5 })
		await expect(page.text.locator(".peer-selection")).toHaveText("Hello")
		document.submit([{ retain: 5 }, { insert: "," }])
		await page.type(" Bye.")
		await expect.poll(() => document.pending).toBe(0)
		await page.expectSaved()
		const text = "Hello, from a program. Start! And hello from a person. Bye."
		await page.expectLines([text])
		expect(document.content).toEqual([{ insert: `${text}\n` }])
		expect(await server.text(id)).toBe(`${text}\n`)
	} finally {
		document.close()
	}
	await expect(page.carets).toHaveCount(0)
})
