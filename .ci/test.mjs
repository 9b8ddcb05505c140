// `npm test`: everything, in the order in which mistakes are cheapest to find.
// `npm test -- go browser` runs only the named groups.
import { build, fail, installPackages, requireChromium, requireCompiler, requireToolchain, run } from "./tools.mjs"

const npx = (...args) => run("npx", ["--no-install", ...args])

const groups = {
	lint() {
		npx("biome", "check", "--error-on-warnings")
		const unformatted = run("gofmt", ["-l", "."], { quiet: true }).stdout.toString().split("\n")
		const ours = unformatted.filter((file) => file && !file.startsWith("node_modules/"))
		if (ours.length > 0) fail(`these files are not gofmt-ed; run "gofmt -w ${ours.join(" ")}"`)
		run("go", ["vet", "./..."], { env: { CGO_ENABLED: "0" } })
		run("go", ["tool", "staticcheck", "./..."])
	},
	types() {
		npx("tsc", "--noEmit")
		npx("tsc", "--noEmit", "-p", "frontend/client")
	},
	unit() {
		npx("vitest", "run")
	},
	size() {
		run("node", [".ci/size.mjs"])
	},
	go() {
		run("go", ["test", "-timeout", "10m", "./..."], { env: { CGO_ENABLED: "0" } })
	},
	race() {
		// Fault campaigns run a binary of their own, which is not built for the race detector: group go has them.
		run("go", ["test", "-race", "-short", "-skip", "^TestFault", "-timeout", "10m", "./..."], {
			env: { CGO_ENABLED: "1" },
		})
	},
	browser() {
		npx("playwright", "test", "--config", "e2e/playwright.config.ts")
	},
}

requireToolchain()
installPackages()
const wanted = process.argv.slice(2)
for (const name of wanted)
	if (!groups[name]) fail(`no test group "${name}"; there are ${Object.keys(groups).join(", ")}`)
const order = wanted.length > 0 ? wanted : Object.keys(groups)
// What is missing is told before ten minutes of other tests, not after.
if (order.includes("browser")) process.env.CHROMIUM = requireChromium()
if (order.includes("race")) requireCompiler()
if (order.some((name) => ["size", "go", "race", "browser"].includes(name))) build()

const began = Date.now()
for (const name of order) {
	const start = Date.now()
	console.log(`\n== ${name} ==`)
	groups[name]()
	console.log(`== ${name}: ok in ${((Date.now() - start) / 1000).toFixed(0)} s ==`)
}
console.log(`\nAll ${order.length} groups passed in ${((Date.now() - began) / 1000).toFixed(0)} s.`)
