import { type ChildProcess, execFileSync, spawn } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

const binary = join(dirname(dirname(fileURLToPath(import.meta.url))), "coscribe")

/** What no server may tell in its log, by what it is; of all tests of this worker. */
const secrets = new Map<string, string>()

/** Remembers a secret: every server that is disposed of has its log searched for it. */
export function keepSecret(kind: string, secret: string): void {
	if (secret.length >= 10) secrets.set(secret, kind)
}

/** One run of a document's content. */
export interface Insert {
	readonly insert: unknown
	readonly attributes?: Readonly<Record<string, unknown>>
}

/** The last port given, of 6,000 for each of two workers: below those that systems give to whoever asks for any port. */
let lastPort = Math.floor(Math.random() * 6000)

/** A port that nobody listens on; the server keeps it across restarts, in which nobody else is given it. */
async function freePort(): Promise<number> {
	for (let tries = 0; tries < 6000; tries++) {
		lastPort = (lastPort + 1) % 6000
		const port = 18_000 + 2 * lastPort + (Number(process.env.TEST_PARALLEL_INDEX ?? 0) % 2)
		const free = await new Promise<boolean>((resolve) => {
			const probe = createServer()
			probe.once("error", () => resolve(false))
			probe.listen(port, "127.0.0.1", () => probe.close(() => resolve(true)))
		})
		if (free) return port
	}
	throw new Error("no port is free")
}

/** The real binary on a port and a data folder of its own. */
export class Server {
	private readonly folder = mkdtempSync(join(tmpdir(), "coscribe-e2e-"))
	private data = join(this.folder, "data")
	private child: ChildProcess | undefined
	/** All that the process printed. */
	log = ""

	private constructor(
		readonly port: number,
		private readonly access: "open" | "link" | "members",
		private readonly more: readonly string[],
	) {}

	/** Starts a server with an empty data folder, where everybody may come in unless it is said otherwise; more are further options, in which {url} is its address. */
	static async launch(access: "open" | "link" | "members" = "open", ...more: string[]): Promise<Server> {
		const server = new Server(await freePort(), access, more)
		await server.start()
		return server
	}

	get url(): string {
		return `http://127.0.0.1:${this.port}`
	}

	/** Starts the process on the data that is there and waits until it is ready. */
	async start(): Promise<void> {
		const child = spawn(binary, [
			"serve",
			"--listen",
			`127.0.0.1:${this.port}`,
			"--data",
			this.data,
			"--metrics-listen",
			"off",
			"--access",
			this.access,
			"--log-level",
			"debug",
			...this.more.map((option) => option.replace("{url}", this.url)),
		])
		this.child = child
		const collect = (chunk: Buffer) => {
			this.log += chunk.toString()
		}
		child.stdout?.on("data", collect)
		child.stderr?.on("data", collect)
		const deadline = Date.now() + 120_000
		while (Date.now() < deadline) {
			if (child.exitCode !== null) break
			try {
				if ((await fetch(`${this.url}/readyz`)).ok) return
			} catch {}
			await new Promise((resolve) => setTimeout(resolve, 25))
		}
		throw new Error(`the server did not become ready:\n${this.log}`)
	}

	/** Ends the process with this signal and waits until it is gone. */
	async stop(signal: "SIGKILL" | "SIGTERM" = "SIGTERM"): Promise<number | null> {
		const child = this.child
		if (!child || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null
		const gone = new Promise<number | null>((resolve) => child.once("exit", (code) => resolve(code)))
		child.kill(signal)
		return await gone
	}

	/** Stops the server and removes its data. Throws if its log holds a secret. */
	async dispose(): Promise<void> {
		await this.stop("SIGKILL")
		rmSync(this.folder, { recursive: true, force: true })
		for (const [secret, kind] of secrets) {
			const at = this.log.indexOf(secret)
			if (at >= 0)
				throw new Error(`the server's log holds ${kind}: …${this.log.slice(Math.max(0, at - 200), at + 200)}`)
		}
	}

	/** Backs up while serving, as an operator would; returns the file. */
	backup(): string {
		const file = join(this.folder, "backup.db")
		execFileSync(binary, ["backup", file, "--data", this.data])
		return file
	}

	/** Changes text in the database of a stopped server, as a failing disk would. */
	damage(from: string, to: string): void {
		const file = join(this.data, "coscribe.db")
		const bytes = readFileSync(file)
		const at = bytes.lastIndexOf(from)
		if (at < 0) throw new Error(`"${from}" is not in the database`)
		bytes.write(to, at)
		writeFileSync(file, bytes)
	}

	/** Restores a backup; the next start serves it. */
	restore(file: string): void {
		this.data = join(this.folder, "restored")
		execFileSync(binary, ["restore", file, "--data", this.data])
	}

	/** Creates a document by the HTTP API and returns its id. */
	async createDocument(title: string, content: Insert[] = [{ insert: "\n" }]): Promise<string> {
		const response = await fetch(`${this.url}/api/documents`, {
			method: "POST",
			headers: { "Content-Type": "application/json" },
			body: JSON.stringify({ title, content }),
		})
		if (!response.ok) throw new Error(`create: ${response.status} ${await response.text()}`)
		return ((await response.json()) as { id: string }).id
	}

	/** The document's durable content as plain text, by the HTTP API. */
	async text(id: string): Promise<string> {
		const response = await fetch(`${this.url}/api/documents/${id}/content?format=text`)
		if (!response.ok) throw new Error(`content: ${response.status}`)
		return await response.text()
	}

	/** The document's durable content as a delta, by the HTTP API. */
	async content(id: string): Promise<Insert[]> {
		const response = await fetch(`${this.url}/api/documents/${id}/content?format=delta`)
		if (!response.ok) throw new Error(`content: ${response.status}`)
		return ((await response.json()) as { content: Insert[] }).content
	}

	/** The document's log, by the HTTP API. */
	async changes(id: string): Promise<{ revision: number; author: { id: string; name: string } }[]> {
		const response = await fetch(`${this.url}/api/documents/${id}/changes?after=0`)
		if (!response.ok) throw new Error(`changes: ${response.status} ${await response.text()}`)
		return ((await response.json()) as { changes: { revision: number; author: { id: string; name: string } }[] })
			.changes
	}

	/** Moves a document to the trash as somebody who has no browser. */
	async trash(id: string): Promise<void> {
		const response = await fetch(`${this.url}/api/documents/${id}`, { method: "DELETE" })
		if (!response.ok) throw new Error(`trash: ${response.status} ${await response.text()}`)
	}
}
