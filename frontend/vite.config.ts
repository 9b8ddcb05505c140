import { createHash } from "node:crypto"
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises"
import { dirname, join, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { brotliCompressSync, constants, gzipSync } from "node:zlib"
import { defineConfig, type Plugin } from "vite"

const here = dirname(fileURLToPath(import.meta.url))
const output = resolve(here, "dist/ui")

/** Writes a .gz and a .br beside every text file of the build, so that the server never compresses a page itself. */
function precompress(): Plugin {
	const text = /\.(html|js|css|svg|json|webmanifest|map)$/
	return {
		name: "precompress",
		apply: "build",
		async closeBundle() {
			await mkdir(output, { recursive: true })
			for (const entry of await readdir(output, { recursive: true, withFileTypes: true })) {
				if (!entry.isFile() || !text.test(entry.name)) continue
				const path = join(entry.parentPath, entry.name)
				const content = await readFile(path)
				await writeFile(`${path}.gz`, gzipSync(content, { level: 9 }))
				await writeFile(
					`${path}.br`,
					brotliCompressSync(content, {
						params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: content.length },
					}),
				)
			}
		},
	}
}

/**
 * Takes out of icons what the page does not use: the random keys of their
 * shapes (a list that never changes needs none, and what is random does not
 * compress) and their names. That is 2 KiB of the document page.
 */
function leanIcons(): Plugin {
	return {
		name: "lean-icons",
		apply: "build",
		transform(code, id) {
			if (!id.includes("/lucide-preact/dist/esm/icons/")) return null
			return { code: code.replace(/, key: "[a-z0-9]+"|^ *name: "[a-z0-9-]+",$|^__iconData\.node;$/gm, ""), map: null }
		},
	}
}

/** Leaves out what ProseMirror has for Internet Explorer and the first Edge, which cannot run the page at all. */
function withoutExplorer(): Plugin {
	return {
		name: "without-explorer",
		apply: "build",
		transform(code, id) {
			if (!id.includes("/prosemirror-view/dist/")) return null
			const lean = code
				.replace(/^const ie_(edge|upto10|11up) = .*$/gm, "")
				.replace(/^const ie = .*$/m, "const ie = false;")
				.replace(/^const ie_version = .*$/m, "const ie_version = 0;")
			return { code: lean, map: null }
		},
	}
}

/** In a text of flat lines nothing is wrapped or lifted; what lines are is changed by steps of our own. */
const STRUCTURAL = [
	"lift",
	"wrap",
	"setBlockType",
	"setNodeMarkup",
	"setNodeAttribute",
	"setDocAttribute",
	"addNodeMark",
	"removeNodeMark",
	"clearIncompatible",
]

/** What nobody here asks of it, by its module. */
const UNASKED: Readonly<Record<string, readonly string[]>> = {
	model: ["check", "toString", "descendants", "posAtIndex", "childBefore", "childAfter", "canAppend"],
	transform: ["static jsonID", "touches", "changedRange"],
	state: ["static jsonID", "reconfigure"],
}

/** Leaves out what ProseMirror has for texts of nested blocks, and for steps that travel as JSON: ours travel as deltas. */
function flatProseMirror(): Plugin {
	return {
		name: "flat-prosemirror",
		apply: "build",
		transform(code, id) {
			const gone = [...STRUCTURAL, ...Object.values(UNASKED).flat()]
			const used =
				id.includes("/frontend/editor/") && gone.find((name) => code.includes(`.${name}(`) && name !== "toString")
			if (used) this.error(`${id} calls ${used}, which is left out of the build: see STRUCTURAL and UNASKED`)
			const module = /\/prosemirror-(transform|state|model)\/dist\//.exec(id)?.[1]
			if (!module) return null
			const method = (name: string) => new RegExp(`^ {4}${name}\\(.*\\) \\{\\n[\\s\\S]*?^ {4}\\}$`, "gm")
			let lean = code.replace(/^(Step|Selection)\.jsonID\(.*\);$|^ *this\.(node|mark)FromJSON = .*$/gm, "")
			const structural = module === "transform" ? STRUCTURAL : []
			for (const name of ["toJSON", "static fromJSON", ...structural, ...(UNASKED[module] ?? [])]) {
				const without = lean.replace(method(name), "")
				if (without === lean) throw new Error(`${id} has no ${name} any more`)
				lean = without
			}
			return { code: lean, map: null }
		},
	}
}

/** What of the build and of public/ is kept for opening the page offline: all but the pictures for home screens. */
const OFFLINE = /^assets\/.*\.(js|css|svg|webmanifest)$/

/** Tells the service worker which files it keeps, and names the build after their content. */
function offline(): Plugin {
	return {
		name: "offline",
		apply: "build",
		enforce: "post",
		async generateBundle(_, bundle) {
			const worker = bundle["worker.js"]
			if (worker?.type !== "chunk") throw new Error("the service worker was not built")
			const fixed = (await readdir(resolve(here, "public/assets"))).map((name) => `assets/${name}`)
			const files = [...Object.keys(bundle), ...fixed].filter((name) => OFFLINE.test(name)).sort()
			const hash = createHash("sha256").update(files.join())
			const index = bundle["index.html"]
			if (index?.type === "asset") hash.update(index.source)
			const build = hash.digest("hex").slice(0, 16)
			worker.code = worker.code
				.replaceAll("__BUILD__", JSON.stringify(build))
				.replaceAll("__FILES__", JSON.stringify(files.map((name) => `/${name}`)))
		},
	}
}

/** Where `npx vite --config frontend/vite.config.ts` finds the running server while developing the page. */
const server = process.env.COSCRIBE_SERVER ?? "http://127.0.0.1:8080"

export default defineConfig({
	root: here,
	base: "/",
	plugins: [leanIcons(), withoutExplorer(), flatProseMirror(), offline(), precompress()],
	oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
	build: {
		outDir: output,
		emptyOutDir: true,
		// The browsers that the README names, by what the page cannot do without: popovers, colours made from colours, URL.canParse.
		target: ["chrome120", "firefox128", "safari17"],
		// Every asset stays a file of its own: the content security policy allows no data: scripts, styles or fonts.
		assetsInlineLimit: 0,
		modulePreload: { polyfill: false },
		reportCompressedSize: false,
		rolldownOptions: {
			input: { index: resolve(here, "index.html"), worker: resolve(here, "worker/worker.ts") },
			// The service worker's name never changes: its address is what the browser knows it by.
			output: {
				entryFileNames: ({ name }) => (name === "worker" ? "worker.js" : "assets/[name]-[hash].js"),
				// What every page begins with is one file: in pieces, by what shares it, it compresses 0.7 KiB worse.
				codeSplitting: { groups: [{ name: "shell", test: /\/frontend\/app\/main\.tsx$/ }] },
			},
		},
	},
	server: { proxy: { "/api": { target: server, ws: true } } },
})
