import { execFile } from "node:child_process"
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { promisify } from "node:util"
import { afterAll, beforeAll, expect, it } from "vitest"

const run = promisify(execFile)

/** Somebody else's project, with the library installed as `npm install ./dist/client` does it. */
let project: string

beforeAll(async () => {
	project = await mkdtemp(join(tmpdir(), "coscribe-client-"))
	await run(process.execPath, [".ci/client.mjs", join(project, "built")])
	await mkdir(join(project, "node_modules"))
	await symlink(join(project, "built"), join(project, "node_modules/coscribe-client"))
	await symlink(resolve("node_modules/@types"), join(project, "node_modules/@types"))
	await symlink(resolve("node_modules/undici-types"), join(project, "node_modules/undici-types"))
})

afterAll(() => rm(project, { recursive: true }))

// Plain Node: no bundler, no TypeScript, and a project that is not of modules itself.
const program = `
import { createClient } from "coscribe-client"
import { createJournal } from "coscribe-client/journal"
await import("./built/transport.js") // fetched on demand
class Socket {
	send() {}
	close() {}
}
const document = createClient({ url: "http://127.0.0.1:1", webSocket: Socket }).open("d")
document.close()
console.log(typeof document.submit, document.id, typeof createJournal)
`

it("is a library of JavaScript modules for a program without a bundler", async () => {
	await writeFile(join(project, "program.mjs"), program)
	const { stdout } = await run(process.execPath, [join(project, "program.mjs")])
	expect(stdout).toBe("function d function\n")
})

// As strict as the compiler goes, and where no browser's types are.
const typed = `
import { type Client, type ClientDocument, createClient, type Delta, type Op, type Status } from "coscribe-client"
import { WebSocket } from "ws"
const client: Client = createClient({ url: "http://127.0.0.1:1", token: async () => process.env["TOKEN"], webSocket: WebSocket })
const document: ClientDocument = client.open("d")
document.on("status", (status: Status) => console.log(status.state, status.rejected?.text))
document.on("presence", (peers) => console.log(peers.map(({ user, selection }) => [user.name, selection?.head])))
document.on("change", ({ delta, author }) => {
	const ops: Delta = delta
	const first: Op | undefined = ops[0]
	if (first && "insert" in first && typeof first.insert === "string") console.log(author?.name, first.insert.length)
})
// @ts-expect-error there is no such event
document.on("nothing", () => {})
// @ts-expect-error a number is no text
document.submit([{ insert: 3 }])
// @ts-expect-error nothing here is any
const wrong: number = document.content
`

it("has types that are whole for a strict program in Node", async () => {
	const compilerOptions = {
		strict: true,
		exactOptionalPropertyTypes: true,
		noUncheckedIndexedAccess: true,
		skipLibCheck: false,
		noEmit: true,
		module: "nodenext",
		target: "es2023",
		lib: ["es2023"],
		types: ["node"],
	}
	await writeFile(join(project, "typed.mts"), typed)
	await writeFile(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["typed.mts"] }))
	const { stdout } = await run("npx", ["--no-install", "tsc", "-p", project]).catch((failed) => failed)
	expect(stdout).toBe("")
})
