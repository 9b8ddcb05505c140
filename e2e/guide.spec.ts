import { execFile, execFileSync } from "node:child_process"
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { expect, test } from "@playwright/test"
import { keepSecret, Server } from "./server"

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const guide = readFileSync(join(root, "docs/frontend.md"), "utf8")

/** The guide's code in a language, block by block. */
const blocks = (language: string) =>
	[...guide.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, "gms"))].map((match) => match[1] ?? "")

/** Two programs by the wire and one by the library write at once, over cuts; then an editor, tied to a document, and a person beside it. */
const crowd = `
import assert from "node:assert/strict"
import Delta from "quill-delta"
import WebSocket from "ws"
import { createClient, equal, length } from "coscribe-client"
import { bind } from "./bind.mjs"
import { Wire } from "./wire.mjs"

const { COSCRIBE_URL, COSCRIBE_TOKEN, COSCRIBE_DOCUMENT } = process.env
const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31))
console.log("seed", seed)
let state = seed
const below = (n) => (state = (Math.imul(state, 1103515245) + 12345) >>> 1) % n
const turn = () => new Promise((resolve) => setTimeout(resolve, 5))
const until = async (reached) => { while (!reached()) await turn() }
const wires = [0, 1].map(() => new Wire(COSCRIBE_URL, COSCRIBE_TOKEN, COSCRIBE_DOCUMENT))
const client = createClient({ url: COSCRIBE_URL, token: async () => COSCRIBE_TOKEN, webSocket: WebSocket })
const document = client.open(COSCRIBE_DOCUMENT)

// As much of Quill's interface as the guide uses.
const listeners = {}
const editor = {
	contents: new Delta(), enabled: undefined, range: null,
	on: (event, listener) => (listeners[event] ??= []).push(listener),
	off: (event, listener) => (listeners[event] = listeners[event].filter((other) => other !== listener)),
	enable: (is) => (editor.enabled = is),
	getSelection: () => editor.range,
	setContents: (ops) => (editor.contents = new Delta(ops)),
	updateContents(ops, source) {
		const before = editor.contents
		const delta = new Delta(ops)
		editor.contents = before.compose(delta)
		for (const listener of listeners["text-change"] ?? []) listener(delta, before, source)
		for (const listener of listeners["editor-change"] ?? []) listener()
	},
}
const part = bind(editor, document)
assert.equal(editor.enabled, false)
await until(() => document.loaded && wires.every((wire) => wire.ready))
assert.equal(editor.enabled, true)

const edit = (size) => {
	const at = below(size)
	const op = below(4) === 0 && at < size - 1 ? { delete: 1 } : { insert: String.fromCharCode(97 + below(26)), ...(below(3) === 0 && { attributes: { bold: true } }) }
	return at === 0 ? [op] : [{ retain: at }, op]
}
for (let step = 0; step < 150; step++) {
	if (step % 50 === 25) wires[below(2)].socket.terminate()
	const who = below(3)
	if (who < 2) wires[who].edit(edit(length(wires[who].view)))
	else editor.updateContents(edit(editor.contents.length()), "user")
	if (below(3) === 0) await turn()
}
await until(() => document.status.state === "saved" && wires.every((wire) => wire.ready && !wire.sent && wire.buffer.length === 0))
const head = () => Math.max(document.revision, ...wires.map((wire) => wire.revision))
await until(() => [document, ...wires].every((one) => one.revision === head()))
for (const wire of wires) assert.ok(equal(wire.view, document.content))
assert.ok(equal(editor.contents.ops, document.content))

// Equal documents are left alone, and a refusal is taken back.
const [wire] = wires
let told = ""
const receive = wire.receive
wire.receive = function (message) { told += message.type + " "; receive.call(this, message) }
await wire.check()
wire.send({ type: "ping" })
await until(() => told.includes("pong"))
assert.ok(!told.includes("reload"), told)
const before = wire.view
wire.edit([{ insert: "x", attributes: { font: "serif" } }])
await until(() => wire.refused)
assert.equal(wire.refused, 'invalid_change: op 0: the attribute "font" is unknown')
assert.deepEqual(wire.view, before)

// What a person marks is where the others see it.
editor.range = { index: 0, length: 1 }
for (const listener of listeners["editor-change"]) listener()
await until(() => told.includes("presence"))
part()
assert.equal(listeners["text-change"].length, 0)
document.close()
for (const one of wires) one.close()
console.log("the same")
`

/** Parts a command into words as a shell does, with its variables. */
function words(line: string, variables: Record<string, string>): string[] {
	const expand = (text: string) => text.replace(/\$(\w+)/g, (_, name: string) => variables[name] ?? "")
	return [...line.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(([, literal, quoted, bare]) =>
		literal !== undefined ? literal : expand(quoted ?? bare ?? ""),
	)
}

/** Sends what a curl command says. Throws for an option that it does not know. */
async function curl(line: string, variables: Record<string, string>): Promise<Response> {
	const [program, ...rest] = words(line, variables)
	expect(program).toBe("curl")
	const init: RequestInit & { headers: Record<string, string> } = { headers: {} }
	let url = ""
	for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
		if (word === "-N") continue
		if (word === "-X") init.method = rest.shift() ?? ""
		else if (word === "-H") {
			const [name = "", ...value] = (rest.shift() ?? "").split(": ")
			init.headers[name] = value.join(": ")
		} else if (word === "-d") init.body = rest.shift() ?? ""
		else if (word === "--data-binary") {
			expect(rest.shift()).toBe("@notes.md")
			init.body = "# Notes\n\n- one\n"
		} else if (word.startsWith("http")) url = word
		else throw new Error(`the guide's curl has an option that this test does not know: ${word}`)
	}
	return await fetch(url, init)
}

test.describe("the guide to one's own front end", () => {
	let folder: string
	let server: Server
	let variables: Record<string, string>
	let document = 0

	test.beforeAll(async () => {
		folder = mkdtempSync(join(tmpdir(), "coscribe-guide-"))
		const password = "a sturdy heron sings"
		writeFileSync(join(folder, "password"), password, { mode: 0o600 })
		server = await Server.launch(
			"link",
			"--owner-mail",
			"ada@example.org",
			"--owner-password-file",
			join(folder, "password"),
		)
		execFileSync(process.execPath, [join(root, ".ci/client.mjs"), join(folder, "built")])
		mkdirSync(join(folder, "node_modules"))
		symlinkSync(join(folder, "built"), join(folder, "node_modules/coscribe-client"))
		for (const name of ["ws", "quill-delta", "fast-diff", "lodash.clonedeep", "lodash.isequal"])
			symlinkSync(join(root, "node_modules", name), join(folder, "node_modules", name))
		for (const code of blocks("js"))
			writeFileSync(join(folder, /^\/\/ (\w+\.mjs)$/m.exec(code)?.[1] ?? "unnamed"), code)
		writeFileSync(join(folder, "crowd.mjs"), crowd)

		const ask = async (path: string, body: unknown, headers: Record<string, string>) => {
			const init = {
				method: "POST",
				headers: { "Content-Type": "application/json", ...headers },
				body: JSON.stringify(body),
			}
			const answer = await fetch(`${server.url}${path}`, init)
			if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
			return answer
		}
		const signedIn = await ask("/api/signin", { mail: "ada@example.org", password }, {})
		const cookie = signedIn.headers
			.getSetCookie()
			.map((one) => one.split(";")[0])
			.join("; ")
		const made = await ask("/api/me/tokens", { name: "guide", role: "owner" }, { cookie })
		const { token } = (await made.json()) as { token: string }
		keepSecret("a token", token)
		variables = { COSCRIBE_URL: server.url, COSCRIBE_TOKEN: token }
	})

	test.beforeEach(async () => {
		const init = {
			method: "POST",
			headers: { authorization: `Bearer ${variables.COSCRIBE_TOKEN}`, "Content-Type": "text/plain" },
			body: "Start\n",
		}
		const answer = await fetch(`${server.url}/api/documents?title=Guide-${document++}`, init)
		variables.COSCRIBE_DOCUMENT = ((await answer.json()) as { id: string }).id
	})

	test.afterAll(async () => {
		await server.dispose()
		rmSync(folder, { recursive: true, force: true })
	})

	const node = async (program: string) =>
		(await promisify(execFile)(process.execPath, [join(folder, program)], { env: { ...process.env, ...variables } }))
			.stdout

	test("its programs write, come back after a cut, and end in the same text", async () => {
		expect(await node("hello.mjs")).toContain("Hello from a program. Start")
		expect(await node("crowd.mjs")).toContain("the same")
	})

	test("its commands are answered as it says", async () => {
		const commands = blocks("sh").join("").trimEnd().split("\n")
		expect(commands.length).toBeGreaterThan(10)
		const answers: string[] = []
		for (const line of commands) {
			const [command = "", status] = line.split(/ {3}# /)
			const answer = await curl(command, variables)
			expect(`${answer.status}`, line).toBe(status)
			if (answer.headers.get("Content-Type")?.startsWith("text/event-stream")) {
				const reader = answer.body?.getReader()
				const text = new TextDecoder()
				let seen = ""
				while (!seen.includes("Build 1042")) seen += text.decode((await reader?.read())?.value)
				await reader?.cancel()
			} else answers.push(await answer.text())
		}
		// The write that was sent twice was made once.
		const writes = answers.filter(
			(text) => text.startsWith('{"epoch"') && text.includes('"at"') && !text.includes("changes"),
		)
		expect(writes).toHaveLength(2)
		expect(writes[0]).toBe(writes[1])
	})
})
