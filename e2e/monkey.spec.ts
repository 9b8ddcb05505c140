import type { Node } from "prosemirror-model"
import { deltaOf } from "../frontend/editor/convert.js"
import { schema } from "../frontend/editor/schema.js"
import { engine } from "./engines"
import { expect, networkErrors, test } from "./fixtures"
import { Dice, isMarker, Monkey } from "./monkey"
import { DocumentPage } from "./pages/document"
import type { Insert } from "./server"

const steps = Number(process.env.COSCRIBE_MONKEY_STEPS ?? 60)
/** Longer runs also do what people do seldom: much of it takes time, such as a reload. */
const campaign = steps > 60
const seed = Number(process.env.COSCRIBE_MONKEY_SEED ?? Date.now() % 1_000_000)

const start: Insert[] = [
	{ insert: "A heading" },
	{ insert: "\n", attributes: { header: 1 } },
	{ insert: "Some text, and " },
	{ insert: "bold", attributes: { bold: true } },
	{ insert: ".\none" },
	{ insert: "\n", attributes: { list: "bullet" } },
	{ insert: "to do" },
	{ insert: "\n", attributes: { list: "unchecked" } },
	{ insert: "code" },
	{ insert: "\n", attributes: { "code-block": true } },
	{ insert: "The end.\n" },
]

const android =
	"Mozilla/5.0 (Linux; Android 16; Pixel 10) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36"

/** Finds the open document and its editor in the page's component tree: the page itself offers neither to strangers. */
function lookInside(): void {
	type Vnode = { props?: Record<string, unknown>; __k?: (Vnode | null)[] }
	const find = (name: string): unknown => {
		const search = (vnode: Vnode | null | undefined): unknown => {
			const found = vnode && typeof vnode.props === "object" && vnode.props?.[name]
			if (found) return found
			for (const child of vnode?.__k ?? []) {
				const inner = search(child)
				if (inner) return inner
			}
			return undefined
		}
		return search(Reflect.get(document.getElementById("app") as HTMLElement, "__k"))
	}
	Object.assign(window, { coscribeLive: () => find("live"), coscribeEditor: () => find("editor") })
}

/** What a page holds: the client document's content, and what its editor shows. */
async function inside({ page }: DocumentPage): Promise<{ content: Insert[]; view: unknown }> {
	return await page.evaluate(() => {
		// As Node.toJSON of the library, which the page does without.
		const json = ({ type, attrs, marks, text, content }: Node): object => ({
			type: type.name,
			attrs,
			marks: marks.map((mark) => ({ type: mark.type.name, attrs: mark.attrs })),
			...(text === undefined ? { content: content.content.map(json) } : { text }),
		})
		return {
			content: Reflect.get(window, "coscribeLive")().document.content,
			view: json(Reflect.get(window, "coscribeEditor")().view.state.doc),
		}
	})
}

test("[S6] three people do whatever comes to mind, the server is killed, and all hold the same text", async ({
	person,
	freshServer: server,
	expectConsole,
}, info) => {
	test.setTimeout(240_000 + steps * 2_000)
	const replay = `COSCRIBE_MONKEY_SEED=${seed} COSCRIBE_MONKEY_STEPS=${steps} npm test -- browser monkey`
	info.annotations.push({ type: "replay", description: replay })
	console.log(`monkey: ${replay}`)
	expectConsole(networkErrors)
	// Chromium keeps the look of what it deletes by a style attribute, now and then also within a line. The policy blocks
	// it, and ProseMirror reads no styles; what is typed is compared below.
	expectConsole(/Applying inline style violates/)
	const dice = new Dice(seed)
	const id = await server.createDocument("Monkeys", start)
	const monkeys: Monkey[] = []
	// Cy writes on a phone now and then: ProseMirror has ways of its own with Android's keyboards.
	const phone = campaign && dice.roll() < 0.5 && engine.name === "chromium" ? { userAgent: android } : {}
	const crew = await Promise.all(
		["Ada", "Bo", "Cy"].map((name) => person(name, { at: server, ...(name === "Cy" && phone) })),
	)
	for (const [index, one] of crew.entries()) {
		await one.context.grantPermissions(["clipboard-read", "clipboard-write"])
		await one.context.addInitScript(lookInside)
		await one.context.exposeBinding("monkeyEdits", (_source, edits) => monkeys[index]?.count(edits))
		const document = await one.open(id)
		monkeys.push(new Monkey(one.name, document, new Dice(seed * 31 + index), index, campaign))
		await monkeys[index]?.watch()
	}

	const reload = async (monkey: Monkey) => {
		await monkey.document.expectSaved()
		await monkey.document.page.reload()
		await DocumentPage.arrive(monkey.document.page)
		await monkey.watch()
	}
	const offline = async (index: number) => {
		await crew[index]?.context.setOffline(true)
		await new Promise((resolve) => setTimeout(resolve, 100 + dice.below(1_500)))
		await crew[index]?.context.setOffline(false)
	}
	// Between two strokes of fate everybody does a share of the steps.
	const rounds = Math.max(2, Math.round(steps / 30))
	for (let round = 0; round < rounds; round++) {
		const fate = dice.pick(["kill", "kill", "offline", "none"])
		const busy = Promise.all(
			monkeys.map(async (monkey) => {
				for (let step = 0; step < steps / rounds; step++) {
					try {
						await monkey.act()
					} catch (error) {
						throw new Error(`${monkey.name} after ${monkey.diary.slice(-5).join(", ")} (${replay})`, { cause: error })
					}
				}
			}),
		)
		const stroke = async () => {
			await new Promise((resolve) => setTimeout(resolve, dice.below(1_000)))
			if (fate === "offline") await offline(dice.below(3))
			if (fate !== "kill") return
			await server.stop("SIGKILL")
			await new Promise((resolve) => setTimeout(resolve, dice.below(500)))
			await server.start()
		}
		await Promise.all([busy, stroke()])
		for (const monkey of monkeys) await monkey.online()
		if (dice.roll() < 0.3) await reload(dice.pick(monkeys))
		// Nothing grows without end: people tidy up.
		if (round % 8 === 7) {
			const tidier = dice.pick(monkeys).document
			await tidier.text.focus()
			await tidier.press("Control+a", "Backspace")
		}
	}

	for (const { document } of monkeys) {
		await engine.commit(document.page, "")
		await document.expectSaved()
	}
	/** What everybody did last, or around a sign. */
	const trace = (sign?: string) =>
		monkeys
			.map(({ name, diary }) => {
				const at = sign ? diary.findIndex((entry) => entry.includes(sign)) : diary.length
				return at < 0 ? "" : `${name}: ${diary.slice(Math.max(0, at - 20), at + 5).join(", ")}`
			})
			.join("\n")
	await expect(async () => {
		const durable = await server.content(id)
		for (const { name, document } of monkeys) {
			const { content, view } = await inside(document)
			expect(content, `${name}'s content (${replay})\n${trace()}`).toEqual(durable)
			expect(deltaOf(schema.nodeFromJSON(view)), `${name}'s view (${replay})\n${trace()}`).toEqual(durable)
		}
		const [first, ...others] = await Promise.all(monkeys.map(({ document }) => document.lines()))
		for (const lines of others) expect(lines, `lines on the screen (${replay})`).toEqual(first)
	}).toPass({ timeout: 90_000 })

	// Every sign that somebody typed reached a document, and what nobody deleted is there as often as it was written.
	const text = await server.text(id)
	for (const { name, tally, typed } of monkeys)
		for (const sign of typed)
			expect(tally.get(sign)?.written ?? 0, `${sign} typed by ${name} (${replay})\n${trace(sign)}`).toBeGreaterThan(0)
	const all = new Set(monkeys.flatMap(({ tally }) => [...tally.keys()]).filter(isMarker))
	for (const sign of all) {
		const sum = (what: "written" | "deleted") =>
			monkeys.reduce((total, { tally }) => total + (tally.get(sign)?.[what] ?? 0), 0)
		const there = text.split(sign).length - 1
		expect(there, `${sign} (${replay})`).toBeLessThanOrEqual(sum("written"))
		expect(there, `${sign} (${replay})`).toBeGreaterThanOrEqual(sum("written") - sum("deleted"))
	}
})
