import { connect, createServer, type Server, type Socket } from "node:net"

/** The line between a browser and the server, of bytes: WebDriver cannot take a browser offline, so this goes in between. */
export class Line {
	/** Refuses connections while it is down. */
	private up = true
	/** Ends what asks to become a WebSocket, as some proxies do. */
	webSockets = true
	/** Requests to become a WebSocket that were seen. */
	upgrades = 0
	private readonly ends = new Set<Socket>()
	private readonly server: Server

	private constructor(private readonly target: number) {
		this.server = createServer((browser) => this.pass(browser))
	}

	/** Lays a line to a port of this machine. */
	static async lay(target: number): Promise<Line> {
		const line = new Line(target)
		await new Promise<void>((resolve) => line.server.listen(0, "127.0.0.1", resolve))
		return line
	}

	get url(): string {
		return `http://127.0.0.1:${(this.server.address() as { port: number }).port}`
	}

	/** Takes the line down and breaks all that goes over it, or puts it up again. */
	set(up: boolean): void {
		this.up = up
		if (!up) for (const end of this.ends) end.destroy()
	}

	close(): void {
		this.set(false)
		this.server.close()
	}

	private pass(browser: Socket): void {
		browser.on("error", () => {})
		if (!this.up) return void browser.destroy()
		const server = connect(this.target, "127.0.0.1")
		for (const [end, other] of [
			[browser, server],
			[server, browser],
		] as const) {
			this.ends.add(end)
			end.on("error", () => {})
			end.on("close", () => {
				this.ends.delete(end)
				other.destroy()
			})
		}
		browser.on("data", (bytes) => {
			const upgrade = /^upgrade: websocket/im.test(bytes.toString("latin1", 0, 4096))
			if (upgrade) this.upgrades++
			if (upgrade && !this.webSockets) browser.destroy()
			else server.write(bytes)
		})
		server.on("data", (bytes) => browser.write(bytes))
	}
}
