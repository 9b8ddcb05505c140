import { test as base, expect } from "@playwright/test"
import { Server } from "../server"
import { Driver } from "./driver"
import { Visitor } from "./visitor"

interface Fixtures {
	/** Lets somebody come with a WebKit of their own, to the worker's server or another; `options` are MiniBrowser's. */
	visitor: (at?: string, ...options: string[]) => Promise<Visitor>
	/** A server for this test alone: to be killed, or with people of its own. */
	launch: (access?: "open" | "link" | "members") => Promise<Server>
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

	// biome-ignore lint/correctness/noEmptyPattern: Playwright reads fixture names from this pattern
	launch: async ({}, use) => {
		const servers: Server[] = []
		await use(async (access) => {
			const server = await Server.launch(access)
			servers.push(server)
			return server
		})
		for (const server of servers) await server.dispose()
	},

	// After `launch`, so that browsers go before their servers.
	visitor: async ({ launch: _, server }, use) => {
		const all: Visitor[] = []
		await use(async (at = server.url, ...options) => {
			const visitor = new Visitor(await Driver.start(...options), at)
			all.push(visitor)
			return visitor
		})
		for (const visitor of all) {
			await visitor.collect()
			await visitor.driver.end()
		}
		expect(all.flatMap((visitor) => visitor.complaints)).toEqual([])
	},
})

export { expect }
