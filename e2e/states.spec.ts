import { randomUUID } from "node:crypto"
import { engine } from "./engines"
import { expect, networkErrors, pass, test } from "./fixtures"
import { DocumentPage } from "./pages/document"
import { Wire } from "./wire"

test("saving is said until the server has it on disk, and saved only then", async ({ person, server }) => {
	const id = await server.createDocument("Saving")
	const ada = await person("Ada")
	const wire = await Wire.tap(ada.context)
	const page = await ada.open(id)
	const held: (typeof wire.received)[number][] = []
	wire.onReceive = (message) => {
		if (message.type !== "ack") return message
		held.push(message)
		return null
	}
	await page.caretToEnd()
	await page.type("x")
	await page.expectState("saving")
	await expect.poll(() => held.length).toBe(1)
	// The server has answered, but the browser has not heard it: saying "Saved" now would be a lie.
	await expect(page.state).toHaveText("Saving")
	await expect(page.page.getByRole("status")).toContainText("Saving")
	wire.onReceive = (message) => message
	for (const ack of held) wire.say(ack)
	await page.expectSaved()
	await expect(page.state).toHaveText("Saved")
	await expect(page.page.getByRole("status")).toContainText("Saved")
})

test("[C8] a refused edit is taken out, said, and its text offered for copying", async ({ person, server }) => {
	const id = await server.createDocument("Refused", [{ insert: "kept\n" }])
	const ada = await person("Ada")
	const wire = await Wire.tap(ada.context)
	const [page, other] = [await ada.open(id), await (await person("Bo")).open(id)]
	wire.onSend = (message) => {
		if (message.type !== "submit") return message
		wire.say({ type: "reject", seq: message.seq, code: "document_too_large", message: "full", retry: false })
		return null
	}
	await page.caretToEnd()
	await engine.insert(page.page, " refused words")
	await page.expectState("rejected")
	await expect(page.state).toContainText("An edit was not accepted: the document has reached its limit")
	await page.expectLines(["kept"])
	await page.page.getByRole("button", { name: "Show text" }).click()
	const dialog = page.page.getByRole("dialog", { name: "Text that was not saved" })
	await expect(dialog.getByRole("textbox")).toHaveValue(" refused words")
	await dialog.getByRole("button", { name: "Dismiss" }).click()
	await page.expectSaved()

	wire.onSend = (message) => message
	await page.caretToEnd()
	await page.type(" and on")
	await page.expectSaved()
	await other.expectLines(["kept and on"])
})

test("a refusal for a while is said, waited out and tried again by itself", async ({ person, server }) => {
	const id = await server.createDocument("Retried")
	const ada = await person("Ada")
	const wire = await Wire.tap(ada.context)
	const page = await ada.open(id)
	let refusals = 0
	wire.onSend = (message) => {
		if (message.type !== "submit" || refusals++ > 0) return message
		wire.say({ type: "reject", seq: message.seq, code: "storage_full", message: "full", retry: true, retryAfter: 1500 })
		return null
	}
	await page.caretToEnd()
	await page.type("x")
	await expect(page.state).toContainText("the server's disk is full, trying again")
	await page.expectSaved()
	expect(await server.text(id)).toBe("x\n")
})

test("a role taken away makes the page read-only at once, and writable again when it is back", async ({
	person,
	server,
}) => {
	const id = await server.createDocument("Role", [{ insert: "text\n" }])
	const ada = await person("Ada")
	const wire = await Wire.tap(ada.context)
	const page = await ada.open(id)
	wire.say({ type: "role", role: "viewer" })
	await expect(page.text).toHaveAttribute("contenteditable", "false")
	await expect(page.state).toHaveText("You can view, not editAsk to edit")
	await expect(page.toolbar).toHaveCount(0)
	await expect(page.title).toHaveAttribute("readonly", "")
	wire.say({ type: "role", role: "editor" })
	await expect(page.text).toHaveAttribute("contenteditable", "true")
	await expect(page.toolbar).toBeVisible()
})

test("[C6] a copy that differs from the server's is noticed by its hash and heals", async ({ person, server }) => {
	const id = await server.createDocument("Healing", [{ insert: "text\n" }])
	const ada = await person("Ada")
	await ada.context.clock.install()
	const wire = await Wire.tap(ada.context)
	const [page, other] = [await ada.open(id), await (await person("Bo")).open(id)]
	wire.onReceive = (message) => (message.type === "change" ? { ...message, delta: [{ insert: "wrong" }] } : message)
	await other.caretToStart()
	await engine.insert(other.page, "right ")
	await page.expectLines(["wrongtext"])
	wire.onReceive = (message) => message
	// The comparison waits for 10 s of quiet, and then for whatever else the machine has to do.
	await pass(ada, 10_000, () => expect.poll(() => page.lines(), { timeout: 2_000 }).toEqual(["right text"]))
	expect(wire.received.some((message) => message.type === "reload" && message.reason === "hash")).toBe(true)
	await page.caretToEnd()
	await page.type(" again")
	await page.expectSaved()
	await other.expectLines(["right text again"])
})

test("a document trashed elsewhere says so, and can be restored on the spot", async ({
	person,
	server,
	expectConsole,
}) => {
	expectConsole(/status of 404/)
	const id = await server.createDocument("Trashed", [{ insert: "text\n" }])
	const ada = await person("Ada")
	const page = await ada.open(id)
	await server.trash(id)
	await page.expectState("removed")
	await expect(page.state).toContainText("This document is in the trash")
	await expect(page.text).toHaveAttribute("contenteditable", "false")
	await page.expectLines(["text"])

	const late = await ada.context.newPage()
	await late.goto(`/d/${id}`)
	await expect(late.getByRole("heading", { name: "In the trash" })).toBeVisible()
	await late.getByRole("button", { name: "Restore" }).click()
	await (await DocumentPage.arrive(late)).expectLines(["text"])
	await page.page.getByRole("button", { name: "Restore" }).click()
	await DocumentPage.arrive(page.page)
})

test("an address without a document says so and leads home", async ({ person, server, expectConsole }) => {
	expectConsole(/status of 404/)
	expectConsole(networkErrors)
	await server.createDocument("Somewhere")
	const ada = await person("Ada")
	const page = await ada.context.newPage()
	await page.goto(`/d/${randomUUID()}`)
	await expect(page.getByRole("heading", { name: "Nothing to open here" })).toBeVisible()
	await expect(page.getByText("This document does not exist, or was removed.")).toBeVisible()
	await page.getByRole("button", { name: "All documents" }).click()
	await expect(page.getByRole("searchbox")).toBeVisible()
	await page.goto("/d/not-an-id")
	await expect(page.getByRole("heading", { name: "There is nothing here" })).toBeVisible()
	await page.getByRole("button", { name: "All documents" }).click()
	await expect(page.getByRole("searchbox")).toBeVisible()
})
