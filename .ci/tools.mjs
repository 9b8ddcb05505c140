// What `npm start` and `npm test` share: checking what the machine must have,
// installing what the project can install by itself, and running steps.
import { spawn, spawnSync } from "node:child_process"
import { createHash } from "node:crypto"
import { accessSync, constants, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

/** The repository's root folder; every step runs there. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)))
/** The server's binary. */
export const binary = join(root, "coscribe")

const isRoot = process.getuid?.() === 0

/** Prints one sentence that says what to do, and ends with exit code 1. */
export function fail(sentence) {
	console.error(`\ncoscribe: ${sentence}`)
	process.exit(1)
}

/** Runs a command with the terminal's streams; ends the program when it fails, unless `lenient`. */
export function run(command, args, { lenient = false, env = {}, quiet = false } = {}) {
	const result = spawnSync(command, args, {
		cwd: root,
		stdio: quiet ? "pipe" : ["ignore", "inherit", "inherit"],
		env: { ...process.env, ...env },
	})
	if (result.status !== 0 && !lenient) {
		if (quiet) process.stderr.write(`${result.stdout ?? ""}${result.stderr ?? ""}`)
		if (result.error) fail(`could not run ${command}: ${result.error.message}`)
		fail(`"${command} ${args.join(" ")}" failed (see above).`)
	}
	return result
}

/** Runs a command beside others: prints what it said when it has ended, in one piece; rejects with a sentence when it fails. */
export function runAside(command, args, { env = {} } = {}) {
	return new Promise((resolve, reject) => {
		const child = spawn(command, args, {
			cwd: root,
			stdio: ["ignore", "pipe", "pipe"],
			env: { ...process.env, ...env },
		})
		const said = []
		for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => said.push(chunk))
		child.on("error", (error) => reject(new Error(`could not run ${command}: ${error.message}`)))
		child.on("close", (status) => {
			process.stdout.write(Buffer.concat(said))
			if (status === 0) resolve()
			else reject(new Error(`"${command} ${args.join(" ")}" failed (see above).`))
		})
	})
}

function versionOf(command, args) {
	const result = spawnSync(command, args, { encoding: "utf8" })
	return result.status === 0
		? (result.stdout
				.match(/(\d+)\.(\d+)/)
				?.slice(1)
				.map(Number) ?? [0, 0])
		: undefined
}

const atLeast = (version, [major, minor]) => version[0] > major || (version[0] === major && version[1] >= minor)

/** Checks what cannot be installed from here: Node, npm, Go and git. */
export function requireToolchain() {
	if (!atLeast(process.versions.node.split(".").map(Number), [20, 19]))
		fail(
			`Node 20.19 or newer is needed, this is ${process.versions.node}. Install it from nodejs.org or your distribution.`,
		)
	if (!versionOf("npm", ["--version"]))
		fail("npm is missing. It comes with Node: install it from nodejs.org or `apt-get install npm`.")
	const go = versionOf("go", ["env", "GOVERSION"])
	if (!go) fail("Go is missing. Install Go 1.26 or newer from go.dev/dl and put its bin folder on PATH.")
	if (!atLeast(go, [1, 26])) fail(`Go 1.26 or newer is needed, this is ${go.join(".")}. Install it from go.dev/dl.`)
	if (!versionOf("git", ["--version"])) fail("git is missing. Install it: apt-get install git")
}

/** Installs the npm packages of the lockfile, unless they are those already there. */
export function installPackages() {
	const stamp = join(root, "node_modules", ".coscribe-lock")
	const lock = createHash("sha256")
		.update(readFileSync(join(root, "package-lock.json")))
		.digest("hex")
	if (existsSync(stamp) && readFileSync(stamp, "utf8") === lock) return
	run("npm", ["ci", "--no-audit", "--no-fund"])
	writeFileSync(stamp, lock)
}

/** Builds the front end and then the binary, which embeds it; by the options of "go test", for which nothing is compiled again then. */
export function build() {
	run("npx", ["--no-install", "vite", "build", "--config", "frontend/vite.config.ts", "--logLevel", "warn"])
	run("go", ["build", "-o", binary, "."], { env: { CGO_ENABLED: "0" } })
}

function onPath(name) {
	for (const folder of (process.env.PATH ?? "").split(":")) {
		const file = join(folder, name)
		try {
			accessSync(file, constants.X_OK)
			return file
		} catch {}
	}
	return undefined
}

/** Installs Debian packages, as root or by sudo, where that can be done; who needs them looks whether they are there. */
function install(packages, what) {
	const sudo = isRoot ? [] : onPath("sudo") ? ["sudo"] : undefined
	if (!sudo || !onPath("apt-get")) return
	console.log(`Installing ${what} (Debian's ${packages.join(", ")}) …`)
	const [command, ...first] = [...sudo, "apt-get"]
	const options = { lenient: true, quiet: true, env: { DEBIAN_FRONTEND: "noninteractive" } }
	run(command, [...first, "update"], options)
	run(command, [...first, "install", "-y", "--no-install-recommends", ...packages], options)
}

/** The first of these commands on PATH; else installs Debian packages and looks again. */
function find(names, packages, what, sentence) {
	const look = () => names.map(onPath).find(Boolean)
	const found = look()
	if (found) return found
	install(packages, what)
	return look() ?? fail(sentence)
}

/**
 * The path of a Chromium for the browser tests: CHROMIUM, or the first that is
 * there, or what Debian has. Browser tests are never skipped: without a browser
 * the run ends with the sentence to type.
 */
export function requireChromium() {
	if (process.env.CHROMIUM) return process.env.CHROMIUM
	// The same engine without windows around its pages, each of which takes a third of the CPU time. Who has another
	// Chromium is not asked for a password to get this one too.
	const shell = "chromium-headless-shell"
	const others = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]
	const fonts = "fonts-noto-color-emoji"
	const what = "Chromium for the browser tests"
	if (!onPath(shell) && (isRoot || !others.some(onPath))) install([shell, fonts], what)
	return find(
		[shell, ...others],
		["chromium", fonts],
		what,
		"the browser tests need Chromium. Type: sudo apt-get install chromium-headless-shell  (or set CHROMIUM to a browser's path)",
	)
}

/** WebKit's driver, its MiniBrowser beside the library, and what gives them a screen, as in Debian's packages. */
export function requireWebKit() {
	const sentence =
		"WebKit is missing. Type: sudo apt-get install webkit2gtk-driver xvfb xauth  (or set WEBKIT_DRIVER and WEBKIT_BROWSER to the paths of WebKitWebDriver and MiniBrowser)"
	const packages = ["webkit2gtk-driver", "xvfb", "xauth", "fonts-dejavu-core"]
	const driver = process.env.WEBKIT_DRIVER || find(["WebKitWebDriver"], packages, "WebKit", sentence)
	const screen = find(["xvfb-run"], packages, "a screen for WebKit", sentence)
	const folders = ["/usr/lib", "/usr/libexec", ...readdirSync("/usr/lib").map((name) => `/usr/lib/${name}`)]
	const places = ["webkit2gtk-4.1", "webkit2gtk-4.0", "webkitgtk-6.0"]
	const browser =
		process.env.WEBKIT_BROWSER ||
		folders
			.flatMap((folder) => places.map((place) => join(folder, place, "MiniBrowser")))
			.find((file) => existsSync(file))
	return { driver, screen, browser: browser ?? fail(sentence) }
}

/** The path of a Firefox as it is installed: FIREFOX, or what `find` finds. */
export function requireFirefox() {
	return (
		process.env.FIREFOX ||
		find(
			["firefox-esr", "firefox"],
			["firefox-esr"],
			"Firefox for its browser tests",
			"these tests need Firefox. Type: sudo apt-get install firefox-esr  (or set FIREFOX to its path)",
		)
	)
}

/** A C compiler, which Go's race detector needs on Linux. */
export function requireCompiler() {
	return find(
		["cc", "gcc", "clang"],
		["gcc", "libc6-dev"],
		"a C compiler for the race detector",
		"the race detector needs a C compiler. Type: sudo apt-get install gcc libc6-dev",
	)
}
