import { type BrowserContext, type BrowserContextOptions, test as base, expect } from "@playwright/test"
import { DocumentPage } from "./pages/document"
import { HomePage } from "./pages/home"
import { keepSecret, Server } from "./server"

/** A person at a browser of their own: cookies, storage and network apart from everyone else's. */
export interface Person {
	readonly name: string
	readonly context: BrowserContext
	home(): Promise<HomePage>
	open(id: string): Promise<DocumentPage>
}

type PersonOptions = BrowserContextOptions & {
	/** Another server than the worker's own. */
	at?: Server
}

/** All browsers of a test, and what their consoles say. */
interface Stage {
	enter(name: string, context: BrowserContext): void
	/** Closes every browser: before their server goes, or its going would be an error they report. */
	empty(): Promise<void>
}

interface Fixtures {
	/** Lets a person enter the stage; all are shown out at the end of the test. */
	person: (name: string, options?: PersonOptions) => Promise<Person>
	/** The same for somebody whom the server does not know yet; the name is only for this test's messages. */
	visitor: (name: string, options?: PersonOptions) => Promise<Person>
	/** A server for this test alone, with nothing on it: to be killed, or to be found empty. */
	freshServer: Server
	/** Names console errors that this test provokes. Any other fails it, a violation of the content security policy first. */
	expectConsole: (pattern: RegExp) => void
}

/** What a browser says by itself when the network or the server is gone. */
export const networkErrors =
	/net::ERR_|WebSocket connection to|Failed to load resource: the server responded with a status of 50\d|error occurred when fetching the script|Firefox can’t establish a connection/

/**
 * Lets time pass in a person's pages, `step` ms at once, until something holds:
 * what waits for half a minute need not be waited for. Their clock has to be
 * installed before they open a page.
 */
export async function pass({ context }: Person, step: number, until: () => Promise<unknown>): Promise<void> {
	await expect(async () => {
		await context.clock.fastForward(step)
		await until()
	}).toPass({ timeout: 90_000 })
}

export const test = base.extend<Fixtures & { stage: Stage }, { server: Server }>({
	server: [
		// biome-ignore lint/correctness/noEmptyPattern: Playwright reads fixture names from this pattern
		async ({}, use) => {
			const server = await Server.launch()
			await use(server)
			await server.dispose()
		},
		{ scope: "worker" },
	],

	freshServer: async ({ stage }, use) => {
		const server = await Server.launch()
		await use(server)
		await stage.empty()
		await server.dispose()
	},

	// biome-ignore lint/correctness/noEmptyPattern: Playwright reads fixture names from this pattern
	expectConsole: async ({}, use) => {
		// So say Chromium and Firefox of a page that is left while its socket is still opening, or open.
		const expected: RegExp[] = [
			/WebSocket is closed before the connection is established/,
			/The connection to ws:\S+ was interrupted while the page was loading/,
		]
		await use(Object.assign((pattern: RegExp) => void expected.push(pattern), { expected }))
	},

	stage: async ({ expectConsole }, use) => {
		const contexts: BrowserContext[] = []
		const said: string[] = []
		const empty = async () => {
			await Promise.all(
				contexts.splice(0).map(async (context) => {
					for (const { name, value } of await context.cookies().catch(() => [])) keepSecret(`the cookie ${name}`, value)
					await context.close()
				}),
			)
		}
		await use({
			empty,
			enter(name, context) {
				contexts.push(context)
				context.on("console", (message) => {
					if (message.type() === "error" || message.type() === "warning") said.push(`${name}: ${message.text()}`)
				})
				context.on("weberror", (error) => said.push(`${name}: uncaught ${error.error().stack}`))
			},
		})
		await empty()
		const { expected } = expectConsole as unknown as { expected: RegExp[] }
		const unexpected = said.filter((line) => !expected.some((pattern) => pattern.test(line)))
		if (unexpected.length > 0) throw new Error(`the browser's console has errors:\n${unexpected.join("\n")}`)
	},

	person: async ({ visitor }, use) => {
		await use(async (name, options) => {
			const person = await visitor(name, options)
			const renamed = await person.context.request.patch("/api/me", { data: { name } })
			if (!renamed.ok()) throw new Error(`name: ${renamed.status()} ${await renamed.text()}`)
			return person
		})
	},

	visitor: async ({ browser, server, stage }, use) => {
		await use(async (name, { at = server, ...options } = {}) => {
			const context = await browser.newContext({ baseURL: at.url, ...options })
			stage.enter(name, context)
			return {
				name,
				context,
				home: async () => HomePage.open(await context.newPage()),
				open: async (id: string) => DocumentPage.open(await context.newPage(), id),
			}
		})
	},
})

export { expect } from "@playwright/test"
