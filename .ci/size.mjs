// The page's weight budgets, measured on the build: what a browser fetches for the home page, and in all to write in a
// document. What is fetched afterwards (find, dialogs, the journal, signing in, the administration) is listed as "later" and counts
// towards neither.
// Run after `npx vite build --config frontend/vite.config.ts`; ends with 1 when a budget is passed.
import { readFileSync, statSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { gzipSync } from "node:zlib"

const ui = join(dirname(dirname(fileURLToPath(import.meta.url))), "frontend/dist/ui")
const BUDGETS = { home: 25_000, document: 130_000 } // bytes of gzip, JavaScript and CSS together

const gzipped = (file) => gzipSync(readFileSync(join(ui, file)), { level: 9 }).length

/** Scripts and style sheets named by the index page: all of the home page. */
function firstLoad() {
	const html = readFileSync(join(ui, "index.html"), "utf8")
	return [...html.matchAll(/(?:src|href)="\/(assets\/[^"]+\.(?:js|css))"/g)].map((match) => match[1])
}

/** What a chunk names: the chunks it imports, which come with it, and those it may fetch later, with their style sheets. */
function named(file) {
	const text = file.endsWith(".js") ? readFileSync(join(ui, file), "utf8") : ""
	const files = (pattern) =>
		[...text.matchAll(pattern)]
			.map((match) => `assets/${match[1]}`)
			.filter((name) => statSync(join(ui, name), { throwIfNoEntry: false }))
	return {
		imported: files(/(?:from|import)\s*["'`]\.\/([\w.-]+\.js)["'`]/g),
		all: files(/["'`](?:\.\/|\/?assets\/)([\w.-]+\.(?:js|css))["'`]/g),
	}
}

/** Everything that these files lead to: at once, or later too. */
function reachable(from, way) {
	const seen = new Set(from)
	for (const file of seen) for (const next of named(file)[way]) seen.add(next)
	return [...seen]
}

try {
	statSync(join(ui, "index.html"))
} catch {
	console.error("The page is not built. Run: npx vite build --config frontend/vite.config.ts")
	process.exit(1)
}

const home = reachable(firstLoad(), "imported")
const all = reachable(home, "all")
const page = all.filter((file) => /^assets\/DocumentPage-/.test(file))
if (page.length < 2)
	throw new Error("the document page's script and style sheet were not found: is it still called DocumentPage?")
const document = reachable([...home, ...page], "imported")
const sizes = new Map(all.map((file) => [file, gzipped(file)]))
const kb = (bytes) => `${(bytes / 1000).toFixed(1)} kB`
const total = (files) => files.reduce((sum, file) => sum + sizes.get(file), 0)

for (const file of all)
	console.log(
		`${kb(sizes.get(file)).padStart(10)}  ${home.includes(file) ? "home    " : document.includes(file) ? "document" : "later   "}  ${file}`,
	)
let passed = true
for (const [name, files] of Object.entries({ home, document })) {
	const size = total(files)
	const fits = size <= BUDGETS[name]
	passed &&= fits
	console.log(`${kb(size).padStart(10)}  ${name}, of ${kb(BUDGETS[name])}: ${fits ? "ok" : "TOO LARGE"}`)
}
process.exit(passed ? 0 : 1)
