import type { BrowserContext, WebSocketRoute } from "@playwright/test"
import { engine } from "./engines"

/** A message of the protocol; see docs/protocol.md. */
export type Message = { type: string } & Record<string, unknown>

/** What becomes of a message: it passes, is lost, or others take its place. */
type Verdict = Message | Message[] | null

/** The line between one person's browser and the server: listens, and where told to, tampers. */
export class Wire {
	readonly sent: Message[] = []
	readonly received: Message[] = []
	/** Decides on what the browser sends. */
	onSend: (message: Message) => Verdict = (message) => message
	/** Decides on what the server sends. */
	onReceive: (message: Message) => Verdict = (message) => message
	private readonly open = new Set<WebSocketRoute>()

	private constructor() {}

	/** Taps every live connection that this browser opens from now on. */
	static async tap(context: BrowserContext): Promise<Wire> {
		const wire = new Wire()
		await context.routeWebSocket(/\/api\/documents\/[^/]+\/socket$/, (page) => {
			const server = page.connectToServer()
			wire.open.add(page)
			page.onClose((code, reason) => {
				wire.open.delete(page)
				void server.close({ ...(code === undefined ? {} : { code }), ...(reason === undefined ? {} : { reason }) })
			})
			page.onMessage((frame) => {
				for (const message of read(frame, wire.sent, wire.onSend)) server.send(JSON.stringify(message))
			})
			server.onMessage((frame) => {
				for (const message of read(frame, wire.received, wire.onReceive)) page.send(JSON.stringify(message))
			})
		})
		return wire
	}

	/** Says something to the browser in the server's place. */
	say(message: Message): void {
		for (const page of this.open) page.send(JSON.stringify(message))
	}

	/** Drops every connection; the browser opens new ones by itself. */
	async cut(): Promise<void> {
		for (const page of this.open) await page.close({ code: 4000, reason: "cut by the test" })
		this.open.clear()
	}
}

/**
 * What takes a browser off the network and back: asked for before its first
 * page opens. What is open stalls silently in both directions.
 */
export async function cable(context: BrowserContext): Promise<(plugged: boolean) => Promise<void>> {
	// Firefox itself refuses only what begins from then on.
	const wire = engine.name === "firefox" ? await Wire.tap(context) : undefined
	return async (plugged) => {
		if (wire) wire.onSend = wire.onReceive = (message) => (plugged ? message : null)
		await context.setOffline(!plugged)
	}
}

function read(frame: string | Buffer, seen: Message[], decide: (message: Message) => Verdict): Message[] {
	const parsed = JSON.parse(frame.toString()) as Message | Message[]
	return (Array.isArray(parsed) ? parsed : [parsed]).flatMap((message) => {
		seen.push(message)
		return decide(message) ?? []
	})
}
