import { type BrowserContext, test as base } from "@playwright/test"
import { DocumentPage } from "./pages/document"
import { HomePage } from "./pages/home"
import { Server } from "./server"

/** A person at a browser of their own: cookies, storage and network apart from everyone else's. */
export interface Person {
	readonly context: BrowserContext
	home(): Promise<HomePage>
	open(id: string): Promise<DocumentPage>
}

interface Fixtures {
	/** Lets a person enter the stage; all are shown out at the end of the test. */
	person: (name: string, options?: Parameters<import("@playwright/test").Browser["newContext"]>[0]) => Promise<Person>
}

export const test = base.extend<Fixtures, { server: Server }>({
	server: [
		// biome-ignore lint/correctness/noEmptyPattern: Playwright reads fixture names from this pattern
		async ({}, use) => {
			const server = await Server.launch()
			await use(server)
			await server.dispose()
		},
		{ scope: "worker" },
	],
	person: async ({ browser, server }, use) => {
		const contexts: BrowserContext[] = []
		await use(async (name, options = {}) => {
			const context = await browser.newContext({ baseURL: server.url, ...options })
			contexts.push(context)
			const renamed = await context.request.patch(`${server.url}/api/me`, { data: { name } })
			if (!renamed.ok()) throw new Error(`name: ${renamed.status()} ${await renamed.text()}`)
			return {
				context,
				home: async () => HomePage.open(await context.newPage()),
				open: async (id: string) => DocumentPage.open(await context.newPage(), id),
			}
		})
		for (const context of contexts) await context.close()
	},
})

export { expect } from "@playwright/test"
