import type { Page } from "@playwright/test"
import { engine } from "./engines"
import { DocumentPage } from "./pages/document"

/** Numbers that a seed repeats (mulberry32). */
export class Dice {
	constructor(private state: number) {}

	/** 0 up to, not including, 1. */
	roll(): number {
		this.state = (this.state + 0x6d2b79f5) | 0
		let t = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state)
		t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
		return ((t ^ (t >>> 14)) >>> 0) / 4294967296
	}

	below(limit: number): number {
		return Math.floor(this.roll() * limit)
	}

	pick<T>(all: readonly T[]): T {
		return all[this.below(all.length)] as T
	}
}

/** How often each sign was written and deleted by one person's own edits. */
export type Tally = Map<string, { written: number; deleted: number }>

/** Signs that mark what somebody typed: each is typed once and no action types one by chance. */
const firstMarker = 0x4e00
const perPerson = 2000

export function isMarker(sign: string): boolean {
	const code = sign.charCodeAt(0)
	return code >= firstMarker && code < firstMarker + 3 * perPerson
}

const clips = [
	{
		html: "<h2>Pasted</h2><p>some <b>bold</b> <i>and <u>more</u></i></p><ul><li>a<ul><li>b</li></ul></li></ul>",
		text: "",
	},
	{
		html: '<p style="color: red">a <a href="https://a.example/">link</a></p><pre>x\n\ty</pre><blockquote>q</blockquote>',
	},
	{ html: "<ol><li>one<li>two</ol><hr><p>after</p>" },
	{ text: "plain" },
	{ text: "two\nlines" },
	{ text: "\n\n" },
	{ text: "tab\tand 👩‍👩‍👧 family\r\nend" },
] as const

const words = [
	"hello ",
	"a",
	"is. ",
	"# ",
	"- ",
	"1. ",
	"[] ",
	"> ",
	"**b** ",
	"`c` ",
	"---",
	"``` ",
	"@",
	"مرحبا ",
	"é",
	"  ",
]
const signs = ["😀", "👍🏽", "👩‍👩‍👧", "🇩🇪", "e\u0301", "ก็", "\u200d"]
const moves = ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End", "PageUp", "PageDown"]
const marks = [
	"b",
	"i",
	"u",
	"e",
	"Shift+x",
	"\\",
	"Alt+1",
	"Alt+2",
	"Alt+0",
	"Shift+7",
	"Shift+8",
	"Shift+9",
	"Shift+e",
	"Shift+l",
	"]",
	"[",
]

/** One person who does whatever comes to mind, as people do: by keys, mouse, clipboard and input method. */
export class Monkey {
	readonly tally: Tally = new Map()
	readonly typed: string[] = []
	/** What was done last, newest at the end. */
	readonly diary: string[] = []
	private markers: number
	/** For so many more deeds there is no network. */
	private away = 0

	constructor(
		readonly name: string,
		readonly document: DocumentPage,
		private readonly dice: Dice,
		person: number,
		/** Does what people do seldom, too. */
		private readonly odd: boolean,
	) {
		this.markers = firstMarker + person * perPerson
	}

	private get page(): Page {
		return this.document.page
	}

	/** Follows every own edit, as the client library tells of it. Again after a reload. */
	async watch(): Promise<void> {
		// A dialog that was asked for before its chunk was there would take the focus in the middle of a later action.
		await this.page.waitForFunction(() =>
			performance.getEntriesByType("resource").some(({ name }) => /\/extras-[^/]*\.js$/.test(name)),
		)
		await this.page.waitForTimeout(100)
		await this.page.evaluate(() => {
			const { document: opened } = Reflect.get(window, "coscribeLive")() as {
				document: { content: { insert: unknown }[]; on(event: string, listener: (detail: never) => void): void }
			}
			type Ops = { insert?: unknown; delete?: number; retain?: number }[]
			const unitsOf = (ops: Ops) => ops.flatMap(({ insert }) => (typeof insert === "string" ? insert.split("") : [""]))
			let before = unitsOf(opened.content as Ops)
			opened.on("reset", (() => {
				before = unitsOf(opened.content as Ops)
			}) as never)
			opened.on("change", (({ delta, source }: { delta: Ops; source: string }) => {
				const edits: [string, string][] = []
				let at = 0
				const after: string[] = []
				for (const op of delta) {
					if (op.insert !== undefined) {
						const units = unitsOf([op])
						after.push(...units)
						for (const unit of units) edits.push([unit, "written"])
					} else if (op.delete) {
						for (const unit of before.slice(at, at + op.delete)) edits.push([unit, "deleted"])
						at += op.delete
					} else {
						after.push(...before.slice(at, at + (op.retain ?? 0)))
						at += op.retain ?? 0
					}
				}
				before = [...after, ...before.slice(at)]
				const marked = edits.filter(([unit]) => unit >= "\u4e00" && unit <= "\u9fff")
				if (source === "local" && marked.length > 0) Reflect.get(window, "monkeyEdits")(marked)
			}) as never)
		})
	}

	/** What `watch` tells. */
	count(edits: [string, "written" | "deleted"][]): void {
		for (const [sign, what] of edits) {
			const counted = this.tally.get(sign) ?? { written: 0, deleted: 0 }
			counted[what]++
			this.tally.set(sign, counted)
		}
	}

	/** Does one thing. */
	async act(): Promise<void> {
		if (this.away > 0 && --this.away === 0) await this.online()
		await this.comeBack()
		const actions: [number, () => Promise<unknown>, string][] = [
			[14, () => this.marker(), "marker"],
			[14, () => this.document.type(this.dice.pick(words)), "type"],
			[3, () => engine.insert(this.page, this.dice.pick(signs)), "sign"],
			[8, () => this.key("Enter"), "Enter"],
			[1, () => this.key("Shift+Enter"), "Shift+Enter"],
			[8, () => this.many("Backspace"), "Backspace"],
			[4, () => this.many("Delete"), "Delete"],
			[2, () => this.key(this.dice.pick(["Control+Backspace", "Control+Delete", "Alt+Backspace"])), "delete a word"],
			[12, () => this.many(this.dice.pick(moves)), "move"],
			[
				3,
				() => this.key(this.dice.pick(["Control+Home", "Control+End", "Control+ArrowLeft", "Control+ArrowRight"])),
				"far",
			],
			[8, () => this.many(`Shift+${this.dice.pick(moves)}`), "select"],
			[8, () => this.key(`Control+${this.dice.pick(marks)}`), "format"],
			[4, () => this.key(this.dice.pick(["Tab", "Shift+Tab"])), "indent"],
			[6, () => this.many("Control+z"), "undo"],
			[4, () => this.many("Control+y"), "redo"],
			[3, () => this.document.paste(this.dice.pick(clips)), "paste"],
			[3, () => this.clipboard(), "clipboard"],
			[4, () => this.slash(), "slash"],
			[2, () => this.mention(), "mention"],
			[2, () => this.link(), "link"],
			[4, () => this.drag(), "drag"],
			[3, () => this.compose(), "compose"],
			[1, () => this.find(), "find"],
			[1, () => this.key("Control+a"), "select all"],
		]
		if (this.odd)
			actions.push(
				[5, () => this.oddComposition(), "odd composition"],
				[4, () => this.border(), "border"],
				[3, () => this.command(), "command"],
				[3, () => this.tool(), "tool"],
				[2, () => this.click(), "click"],
				[2, () => this.replaceWord(), "replace a word"],
				[2, () => this.move(), "move by mouse"],
				[2, () => this.network(), "network"],
				[1, () => this.hide(), "hide"],
				[1, () => this.reload(), "reload"],
			)
		let left = this.dice.below(actions.reduce((sum, [weight]) => sum + weight, 0))
		for (const [weight, action, what] of actions) {
			left -= weight
			if (left >= 0) continue
			this.diary.push(what)
			await action()
			return
		}
	}

	/** Ends what an earlier action left open, so that the next one meets the text. Find may stay open beside it. */
	private async comeBack(): Promise<void> {
		let away = ""
		for (let tries = 0; tries < 6; tries++) {
			away = await this.page.evaluate(() => {
				const open = document.querySelector("dialog[open], .find:focus-within, .menu, .colors")
				if (open) return open.outerHTML
				return document.activeElement?.classList.contains("writing") ? "" : "blurred"
			})
			if (away === "") return
			if (tries > 0) await this.page.waitForTimeout(20 << tries) // what was closed is gone with a frame, which a busy machine draws late
			if (away !== "blurred") await this.page.keyboard.press("Escape")
			else {
				await this.document.text.evaluate((text: HTMLElement) => text.focus())
				await this.page.waitForTimeout(40) // the editor puts its caret back 20 ms after the focus comes
			}
		}
		throw new Error(`no way back to the text: ${away}`)
	}

	private async key(key: string): Promise<void> {
		await this.page.keyboard.press(key)
	}

	private async many(key: string): Promise<void> {
		for (let times = 1 + this.dice.below(5); times > 0; times--) await this.key(key)
	}

	private async marker(): Promise<void> {
		const count = 1 + this.dice.below(3)
		const markers = Array.from({ length: count }, () => String.fromCharCode(this.markers++))
		this.typed.push(...markers)
		this.diary.push(markers.join(""))
		for (const marker of markers) await engine.insert(this.page, marker)
	}

	private async clipboard(): Promise<void> {
		await this.key(this.dice.pick(["Control+c", "Control+x"]))
		if (this.dice.roll() < 0.5) await this.many(this.dice.pick(moves))
		if (this.dice.roll() < 0.8) await this.key(this.dice.pick(["Control+v", "Control+Shift+v"]))
	}

	private async slash(): Promise<void> {
		if (this.dice.roll() < 0.6) await this.key("Enter")
		await this.document.type(`/${this.dice.pick(["", "h", "bul", "code", "div", "ima", "zzz", "che", "q"])}`)
		for (let times = this.dice.below(3); times > 0; times--) await this.key(this.dice.pick(["ArrowDown", "ArrowUp"]))
		await this.key(this.dice.pick(["Enter", "Enter", "Escape", "Tab", "Backspace", "ArrowLeft"]))
	}

	private async mention(): Promise<void> {
		await this.document.type(` @${this.dice.pick(["", "a", "Bo", "zz"])}`)
		await this.key(this.dice.pick(["Enter", "Escape", "ArrowDown", "Tab"]))
	}

	private async link(): Promise<void> {
		await this.key("Control+k")
		await this.document.type(this.dice.pick(["https://x.example/", "x", "javascript:alert(1)", ""]), 0)
		await this.key(this.dice.pick(["Enter", "Escape"]))
	}

	private async find(): Promise<void> {
		await this.key("Control+f")
		await this.document.type(this.dice.pick(["a", "hello", "一"]))
		await this.key(this.dice.pick(["Enter", "Escape"]))
		// The bar stays, and one goes on writing.
		if (this.dice.roll() < 0.5) return
		await this.click()
		await this.document.type(this.dice.pick(words))
	}

	/** Two places in the text. */
	private async places(): Promise<{ x: number; y: number }[]> {
		const box = await this.document.text.boundingBox()
		if (!box) return []
		const view = this.page.viewportSize() ?? { width: 1280, height: 800 }
		const place = () => ({
			x: box.x + this.dice.roll() * box.width,
			y: Math.max(130, Math.min(view.height - 20, box.y + this.dice.roll() * box.height)),
		})
		return [place(), place()]
	}

	private async drag(): Promise<void> {
		const [from, to] = await this.places()
		if (!from || !to) return
		await this.page.mouse.move(from.x, from.y)
		await this.page.mouse.down()
		await this.page.mouse.move(to.x, to.y, { steps: 3 })
		await this.page.mouse.up()
	}

	private async compose(): Promise<void> {
		await this.composed()
		await engine.commit(this.page, this.dice.roll() < 0.7 ? "感" : "")
	}

	private async composed(): Promise<void> {
		for (const text of ["か", "かん", "かんじ"].slice(0, 1 + this.dice.below(3))) {
			await engine.compose(this.page, text)
			await this.page.waitForTimeout(this.dice.below(60))
		}
	}

	/** A composition in which something else happens, and that may never be told to end. */
	private async oddComposition(): Promise<void> {
		await this.composed()
		const events: readonly [string, () => Promise<unknown>][] = [
			["undo", () => this.key("Control+z")],
			["redo", () => this.key("Control+y")],
			["undo by menu", () => engine.command(this.page, "undo")],
			["blur", () => this.document.text.evaluate((text: HTMLElement) => text.blur())],
			["title", () => this.document.title.click()],
			["find", () => this.key("Control+f")],
			["link", () => this.key("Control+k")],
			["click", () => this.click()],
			["caret", () => this.key(this.dice.pick(moves))],
			["select", () => this.key("Shift+ArrowLeft")],
			["select all", () => this.key("Control+a")],
			["hide", () => this.hide()],
			["Enter", () => this.key("Enter")],
			["Tab", () => this.key("Tab")],
			["Backspace", () => this.key("Backspace")],
			["delete", () => engine.command(this.page, this.dice.pick(["deleteBackward", "deleteForward"]))],
			["newline", () => engine.command(this.page, "insertNewline")],
			["format", () => this.key(`Control+${this.dice.pick(marks)}`)],
			["tool", () => this.tool()],
			["paste", () => this.document.paste(this.dice.pick(clips))],
			["type", () => this.document.type(this.dice.pick(words))],
			["marker", () => this.comeBack().then(() => this.marker())],
			["wait", () => this.page.waitForTimeout(300)],
			["reload", () => this.reload()],
		]
		for (let times = 1 + this.dice.below(2); times > 0; times--) {
			const [what, event] = this.dice.pick(events)
			this.diary.push(what)
			await event()
		}
		if (this.dice.roll() < 0.3) return
		await this.comeBack()
		if (this.dice.roll() < 0.4) await this.composed()
		const end = this.dice.pick(["感", "感", "", "感じ"])
		this.diary.push(`commit ${end}`)
		await engine.commit(this.page, end)
	}

	/** Where lines begin and end, their kinds meet. */
	private async border(): Promise<void> {
		await this.many(this.dice.pick(["ArrowUp", "ArrowDown"]))
		await this.key(this.dice.pick(["Home", "End"]))
		for (let times = 1 + this.dice.below(3); times > 0; times--) {
			const key = this.dice.pick([
				"Enter",
				"Backspace",
				"Delete",
				"Shift+Enter",
				"Tab",
				"deleteBackward",
				"insertNewline",
			])
			this.diary.push(key)
			if (key === "deleteBackward" || key === "insertNewline") await engine.command(this.page, key)
			else await this.key(key)
		}
	}

	private async command(): Promise<void> {
		const commands = ["deleteBackward", "deleteBackward", "deleteForward", "insertNewline", "undo", "redo"] as const
		const command = this.dice.pick(commands)
		this.diary.push(command)
		for (let times = 1 + this.dice.below(4); times > 0; times--) await engine.command(this.page, command)
	}

	private async tool(): Promise<void> {
		const tools = ["Bold", "Italic", "Underline", "Strikethrough", "Bullet list", "Check list", "Undo", "Redo"]
		const name = this.dice.pick(tools)
		this.diary.push(name)
		const tool = this.document.tool(name)
		if (await tool.isEnabled({ timeout: 5_000 }))
			await tool.click({ timeout: 2_000 }).catch(() => this.diary.push("missed"))
	}

	/** On the text, now and then twice or three times, or on a check box. */
	private async click(): Promise<void> {
		const [at] = await this.places()
		if (!at) return
		await this.page.mouse.click(at.x, at.y, { clickCount: this.dice.pick([1, 1, 2, 3]) })
		const boxes = this.document.text.locator(".check")
		if (this.dice.roll() < 0.3 && (await boxes.count()) > 0)
			await boxes
				.first()
				.click({ timeout: 2_000 })
				.catch(() => {})
	}

	/** As a spelling checker, or a phone that corrects what was typed. */
	private async replaceWord(): Promise<void> {
		const word = this.dice.pick(["the", "naïve", "it’s", "don’t worry"])
		await this.page.evaluate((text) => {
			const selection = getSelection()
			selection?.modify("move", "backward", "word")
			selection?.modify("extend", "forward", "word")
			document.execCommand("insertText", false, text)
		}, word)
	}

	/** Takes what is selected somewhere else by the mouse. */
	private async move(): Promise<void> {
		const [from, to] = await this.places()
		if (!from || !to) return
		await this.page.mouse.click(from.x, from.y, { clickCount: this.dice.pick([2, 3]) })
		if (engine.name === "firefox") return
		const selected = await this.page.evaluate(() => {
			const box = getSelection()?.getRangeAt(0).getClientRects()[0]
			return box && { x: box.left + box.width / 2, y: box.top + box.height / 2 }
		})
		if (!selected) return
		await this.page.mouse.move(selected.x, selected.y)
		await this.page.mouse.down()
		await this.page.mouse.move(to.x, to.y, { steps: 4 })
		await this.page.mouse.up()
	}

	/** Loses the network for some of the next deeds. */
	private async network(): Promise<void> {
		if (this.away > 0) return
		this.away = 1 + this.dice.below(8)
		await this.page.context().setOffline(true)
	}

	/** Has the network again. */
	async online(): Promise<void> {
		this.away = 0
		await this.page.context().setOffline(false)
	}

	/** As in a tab behind others, for a moment. */
	private async hide(): Promise<void> {
		const turn = (state: string) =>
			this.page.evaluate((visibility) => {
				Object.defineProperty(document, "visibilityState", { value: visibility, configurable: true })
				Object.defineProperty(document, "hidden", { value: visibility === "hidden", configurable: true })
				if (visibility === "hidden") dispatchEvent(new Event("blur"))
				document.dispatchEvent(new Event("visibilitychange", { bubbles: true }))
				if (visibility === "visible") dispatchEvent(new Event("focus"))
			}, state)
		await turn("hidden")
		await this.page.waitForTimeout(this.dice.below(200))
		await turn("visible")
	}

	/** Without waiting for what is not saved yet. */
	private async reload(): Promise<void> {
		if (this.away > 0) await this.online()
		await this.page.reload()
		await DocumentPage.arrive(this.page)
		await this.watch()
	}
}
