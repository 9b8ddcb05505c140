import { afterEach, expect, test, vi } from "vitest"
import { pictureOf } from "./pictures"

afterEach(() => vi.unstubAllGlobals())

test("those who are shown together are asked for together, each once", async () => {
	const asked: string[] = []
	vi.stubGlobal("fetch", async (path: string) => {
		asked.push(path)
		return new Response(JSON.stringify({ pictures: { ada: "/ada.png" } }))
	})
	const [ada, bo] = [pictureOf("ada"), pictureOf("bo")]
	expect([ada.value, bo.value]).toEqual(["", ""])
	await vi.waitFor(() => expect(ada.value).toBe("/ada.png"))
	expect(bo.value).toBe("")
	expect(pictureOf("ada")).toBe(ada)
	pictureOf("bo")
	await Promise.resolve()
	expect(asked).toEqual(["/api/pictures?users=ada,bo"])
})

test("who could not be asked for is asked for again when drawn anew", async () => {
	let reachable = false
	vi.stubGlobal("fetch", async () => {
		if (!reachable) throw new TypeError("failed to fetch")
		return new Response(JSON.stringify({ pictures: { cleo: "/cleo.png" } }))
	})
	const before = pictureOf("cleo")
	await vi.waitFor(() => expect(pictureOf("cleo")).not.toBe(before))
	reachable = true
	await vi.waitFor(() => expect(pictureOf("cleo").value).toBe("/cleo.png"))
})
