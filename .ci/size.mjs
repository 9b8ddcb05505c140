// The page's weight budgets, measured on the build: what a browser fetches for the home page, and in all to write in a
// document. What is fetched afterwards (find, dialogs, the journal, hashes, long-poll) is listed as "later" and counts towards neither.
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

/** Every chunk and style sheet that these files lead to, at once or later. */
function reachable(from) {
	const seen = new Set(from)
	for (const file of seen) {
		if (!file.endsWith(".js")) continue
		const text = readFileSync(join(ui, file), "utf8")
		for (const match of text.matchAll(/["'`](?:\.\/|\/?assets\/)([\w.-]+\.(?:js|css))["'`]/g)) {
			const next = `assets/${match[1]}`
			if (statSync(join(ui, next), { throwIfNoEntry: false })) seen.add(next)
		}
	}
	return [...seen]
}

try {
	statSync(join(ui, "index.html"))
} catch {
	console.error("The page is not built. Run: npx vite build --config frontend/vite.config.ts")
	process.exit(1)
}

const LATER = /^assets\/(extras|journal|hash|transport)-/
const home = firstLoad()
const all = reachable(home)
const document = all.filter((file) => !LATER.test(file))
const sizes = new Map(all.map((file) => [file, gzipped(file)]))
const kb = (bytes) => `${(bytes / 1000).toFixed(1)} kB`
const total = (files) => files.reduce((sum, file) => sum + sizes.get(file), 0)

for (const file of all)
	console.log(
		`${kb(sizes.get(file)).padStart(10)}  ${home.includes(file) ? "home    " : LATER.test(file) ? "later   " : "document"}  ${file}`,
	)
let passed = true
for (const [name, files] of Object.entries({ home, document })) {
	const size = total(files)
	const fits = size <= BUDGETS[name]
	passed &&= fits
	console.log(`${kb(size).padStart(10)}  ${name}, of ${kb(BUDGETS[name])}: ${fits ? "ok" : "TOO LARGE"}`)
}
process.exit(passed ? 0 : 1)
