import { expect, test } from "./fixtures"

const PASSWORD = "a sturdy heron sings"

test("first visit, first document, and the list follows what others do", async ({ visitor, launch }) => {
	const server = await launch()
	const [ada, bo] = [await visitor(server.url), await visitor(server.url)]
	await ada.goto("/")
	await bo.goto("/")
	await ada.click("New document")
	await ada.arrive()
	await ada.fill("Title", "Plan")
	await ada.press("Enter")
	await ada.type("first words")
	await ada.saved()
	await bo.sees(".row")
	await expect.poll(() => bo.run(() => document.querySelector(".row")?.textContent)).toContain("Plan")
	await bo.choose("Actions for Plan", "Rename")
	await bo.press("Control+a")
	await bo.type("Better\n")
	await expect.poll(() => ada.run(() => document.querySelector<HTMLInputElement>(".title-field")?.value)).toBe("Better")
	await bo.clickOn("a.row-link")
	await bo.arrive()
	await bo.reads("first words")
	await ada.click("All documents")
	await ada.sees(".row")
})

test("set up by the printed link; a share link made and copied, and a guest who comes by it", async ({
	visitor,
	launch,
}) => {
	const server = await launch("link")
	const ada = await visitor(server.url)
	await expect.poll(() => server.log).toMatch(/\/setup#[\w-]+/)
	await ada.goto(/\/setup#[\w-]+/.exec(server.log)?.[0] ?? "")
	await ada.fill("Name", "Ada Lovelace")
	await ada.fill("Mail", "ada@example.org")
	await ada.fill("Password", PASSWORD)
	await ada.click("Become the owner")
	await ada.sees(".empty") // its button stands elsewhere than while the list is on its way
	await ada.click("New document")
	await ada.arrive()
	await ada.type("for guests")
	await ada.saved()
	await ada.click("Share")
	await ada.click("Make a link for people without an account")
	await ada.click("Make link")
	await ada.click("Copy: Anyone with this link can view")
	await ada.sees("[aria-label^='Copied:']")
	await ada.press("Escape")
	await expect.poll(() => ada.count("dialog[open]")).toBe(0)

	const link = new URL(
		await ada.run(async () => {
			const id = location.pathname.split("/").at(-1)
			const answer = await fetch(`/api/documents/${id}/access`)
			return (await answer.json()).links[0].url as string
		}),
	)
	const gus = await visitor(server.url)
	await gus.goto(link.pathname + link.hash)
	await gus.fill("Name", "Gus Guest")
	await gus.click("Open the document")
	await gus.reads("for guests")
	expect(await gus.state()).toBe("readonly")
})
