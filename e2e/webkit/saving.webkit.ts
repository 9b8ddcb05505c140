import { expect, test } from "./fixtures"
import { Line } from "./line"

test("typed with the line down, reloaded with the line down: the page opens, the text is there, and is saved later", async ({
	visitor,
	server,
}) => {
	const id = await server.createDocument("Train", [{ insert: "seen online\n" }])
	const line = await Line.lay(server.port)
	const ada = await visitor(line.url)
	await ada.open(id)
	await ada.run(async () => {
		await navigator.serviceWorker.ready
	})
	line.set(false)
	await ada.caretToEnd()
	await ada.type(", typed offline")
	await expect.poll(() => ada.journaled()).toContain("typed offline")
	await ada.goto(`/d/${id}`)
	await ada.reads("seen online, typed offline")
	await expect.poll(() => ada.state()).toBe("offline")
	await ada.caretToEnd()
	await ada.type(", and more")
	await expect.poll(() => ada.journaled()).toContain("and more")
	line.set(true)
	await ada.saved()
	expect(await server.text(id)).toBe("seen online, typed offline, and more\n")
	line.close()
})

test("the server is killed and comes back while somebody types", async ({ visitor, launch }) => {
	const server = await launch()
	const id = await server.createDocument("Killed")
	const ada = await visitor(server.url)
	await ada.open(id)
	await ada.caretToEnd()
	let all = ""
	for (const words of ["before ", "while it ", "is gone ", "and after"]) {
		const typing = ada.type(words)
		all += words
		if (words === "while it ") await server.stop("SIGKILL")
		await typing
		if (words === "is gone ") await server.start()
	}
	await ada.saved()
	await ada.reads(all)
	expect(await server.text(id)).toBe(`${all}\n`)
})

test("where no WebSocket passes, two people write together by long-poll", async ({ visitor, server }) => {
	const id = await server.createDocument("Blocked")
	const line = await Line.lay(server.port)
	line.webSockets = false
	const [ada, bo] = [await visitor(line.url), await visitor()]
	await ada.open(id)
	await bo.open(id)
	await ada.caretToEnd()
	await ada.type("by poll")
	await bo.reads("by poll")
	await bo.caretToEnd()
	await bo.type(" and by socket")
	await ada.reads("by poll and by socket")
	await ada.saved()
	expect(line.upgrades).toBeGreaterThan(0)
	line.close()
})

test("two tabs of one browser: both write, and one that goes leaves its text to the other", async ({
	visitor,
	launch,
}) => {
	const server = await launch()
	const id = await server.createDocument("Tabs")
	const ada = await visitor(server.url)
	await ada.open(id)
	const first = await ada.driver.command("GET", "/window")
	const second = (await ada.driver.command<{ handle: string }>("POST", "/window/new", { type: "tab" })).handle
	await ada.driver.command("POST", "/window", { handle: second })
	await ada.open(id)
	await ada.caretToEnd()
	await ada.type("second ")
	await ada.saved()
	await ada.driver.command("POST", "/window", { handle: first })
	await ada.reads("second ")
	await ada.caretToEnd()
	await ada.type("first ")
	await ada.saved()
	await server.stop("SIGKILL")
	await ada.driver.command("POST", "/window", { handle: second })
	await ada.reads("second first ")
	await ada.caretToEnd()
	await ada.type("alone")
	await expect.poll(() => ada.journaled()).toContain("alone")
	await ada.driver.command("DELETE", "/window")
	await ada.driver.command("POST", "/window", { handle: first })
	await server.start()
	await ada.reads("second first alone")
	await ada.saved()
	expect(await server.text(id)).toBe("second first alone\n")
})

test("[C3] left, opened in another tab and gone back to by the browser's button, a document has one writer for each client", async ({
	visitor,
	server,
}) => {
	const id = await server.createDocument("Back")
	const line = await Line.lay(server.port)
	const ada = await visitor(line.url)
	await ada.open(id)
	await ada.caretToEnd()
	await ada.type("saved ")
	await ada.saved()
	line.set(false)
	await ada.type("waits ")
	await expect.poll(() => ada.journaled()).toContain("waits")
	await ada.driver.goto("data:text/html,elsewhere")
	line.set(true)

	const left = await ada.driver.command("GET", "/window")
	const beside = (await ada.driver.command<{ handle: string }>("POST", "/window/new", { type: "tab" })).handle
	await ada.driver.command("POST", "/window", { handle: beside })
	await ada.open(id)
	await ada.reads("saved waits ")
	await ada.caretToEnd()
	await ada.type("beside ")
	await ada.saved()

	await ada.driver.command("POST", "/window", { handle: left })
	await ada.driver.command("POST", "/back")
	await ada.reads("saved waits beside ")
	await ada.caretToEnd()
	await ada.type("back")
	await ada.saved()
	await ada.reads("saved waits beside back")
	await ada.driver.command("POST", "/window", { handle: beside })
	await ada.reads("saved waits beside back")
	await ada.caretToEnd()
	await ada.type(" again")
	await ada.saved()
	expect(await server.text(id)).toBe("saved waits beside back again\n")
	line.close()
})
