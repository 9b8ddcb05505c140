// `npm run client`: the client library as JavaScript modules with types, in dist/client or the folder named, with a
// package.json of its own: any project can install it (npm install ./dist/client) or import it where it lies.
import { readFileSync, writeFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { root, run } from "./tools.mjs"

const folder = resolve(root, process.argv[2] ?? "dist/client")
run("npx", ["--no-install", "tsc", "-p", "frontend/client/tsconfig.build.json", "--outDir", folder])
const { version, license, engines } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"))
const manifest = {
	name: "coscribe-client",
	version,
	license,
	description: "Live documents of a Coscribe server, in browsers, workers and Node",
	type: "module",
	sideEffects: false,
	exports: { ".": "./index.js", "./journal": "./journal.js", "./package.json": "./package.json" },
	types: "./index.d.ts",
	engines,
}
writeFileSync(join(folder, "package.json"), `${JSON.stringify(manifest, null, "\t")}\n`)
