import { execFile } from "node:child_process"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import { expect, it } from "vitest"

const run = promisify(execFile)

// A program of somebody else's, in plain Node: no bundler, no TypeScript.
const program = `
import { createClient } from "./client/index.js"
await import("./client/transport.js") // fetched on demand
class Socket {
	send() {}
	close() {}
}
const document = createClient({ url: "http://127.0.0.1:1", webSocket: Socket }).open("d")
document.close()
console.log(typeof document.submit, document.id)
`

it("is a library of JavaScript modules for a program without a bundler", async () => {
	const dir = await mkdtemp(join(tmpdir(), "coscribe-client-"))
	try {
		await run("npx", [
			"--no-install",
			"tsc",
			"-p",
			"frontend/client/tsconfig.build.json",
			"--outDir",
			join(dir, "client"),
		])
		await writeFile(join(dir, "program.mjs"), program)
		await writeFile(join(dir, "package.json"), '{ "type": "module" }')
		const { stdout } = await run(process.execPath, [join(dir, "program.mjs")])
		expect(stdout).toBe("function d\n")
	} finally {
		await rm(dir, { recursive: true })
	}
})
