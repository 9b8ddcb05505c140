// `npm test`: everything, in the order in which mistakes are cheapest to find.
// `npm test -- go browser` runs only the named groups.
import {
	build,
	fail,
	installPackages,
	requireChromium,
	requireCompiler,
	requireToolchain,
	run,
	runAside,
} from "./tools.mjs"

// Of one package's Go tests, beside those of group race: only what hangs meets it, on the slowest and busiest machine.
const patience = "20m"

const npx = (...args) => run("npx", ["--no-install", ...args])

const groups = {
	lint() {
		npx("biome", "check", "--error-on-warnings")
		const unformatted = run("gofmt", ["-l", "."], { quiet: true }).stdout.toString().split("\n")
		const ours = unformatted.filter((file) => file && !file.startsWith("node_modules/"))
		if (ours.length > 0) fail(`these files are not gofmt-ed; run "gofmt -w ${ours.join(" ")}"`)
		run("go", ["vet", "./..."], { env: { CGO_ENABLED: "0" } })
		run("go", ["tool", "staticcheck", "./..."], { env: { CGO_ENABLED: "0" } })
	},
	types() {
		npx("tsc", "--noEmit")
		npx("tsc", "--noEmit", "-p", "frontend/client")
	},
	size() {
		run("node", [".ci/size.mjs"])
	},
	async go() {
		await runAside("go", ["test", "-vet=off", "-timeout", patience, "./..."], { env: { CGO_ENABLED: "0" } })
	},
	async unit() {
		await runAside("npx", ["--no-install", "vitest", "run"])
	},
	async race() {
		// Not again what has nothing to race: fault campaigns and commands, whose binary is not built for the detector; long
		// tests of one request or goroutine after another; and packages that know no goroutine, but for the one test of
		// documents that are shared. Group go has them. Nor is SQLite's own code watched, which is C by origin: its
		// memory is out of the detector's sight, and would take half of the time of what uses it. Its driver and locks are.
		const unwatched = ["modernc.org/sqlite/lib", "modernc.org/libc/..."].map((name) => `-gcflags=${name}=-race=false`)
		const options = ["-race", "-short", "-vet=off", ...unwatched, "-timeout", patience]
		const race = (...args) => runAside("go", ["test", ...options, ...args], { env: { CGO_ENABLED: "1" } })
		const binary = ["TestFault.*", "TestCommands", "TestSharingByCommand", "TestPeopleByCommand"]
		const inTurn = [
			"TestAuthority",
			"TestAuthorityIsUsed",
			"TestMessageAuthority",
			"TestHostileMarkup",
			"TestHostileTitles",
			"TestLimitOptions",
			"TestVerifyNames.*",
			"TestRestore.*",
			"TestDiskPerChange",
		]
		const single = /\/(ot|ot\/ottest|ot\/ottest\/oracle|server\/convert)$/
		const packages = run("go", ["list", "./..."], { quiet: true }).stdout.toString().trim().split("\n")
		await race("-skip", `^(${[...binary, ...inTurn].join("|")})$`, ...packages.filter((name) => !single.test(name)))
		await race("-run", "^TestClonesAreIndependent$", "./ot")
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

// The whole program's tests, one after the other, leave half of two cores idle. These run two at a time, the longest first.
const beside = ["race", "go", "unit"]
const stages = new Set(order.map((name) => (beside.includes(name) ? beside : [name])))

const began = Date.now()
for (const stage of stages) {
	const left = stage.filter((name) => order.includes(name))
	console.log(`\n== ${left.join(", ")} ==`)
	const lane = async () => {
		for (let name = left.shift(); name; name = left.shift()) {
			const start = Date.now()
			await groups[name]()
			console.log(`== ${name}: ok in ${((Date.now() - start) / 1000).toFixed(0)} s ==`)
		}
	}
	for (const { reason } of await Promise.allSettled([lane(), lane()])) if (reason) fail(reason.message)
}
console.log(`\nAll ${order.length} groups passed in ${((Date.now() - began) / 1000).toFixed(0)} s.`)
