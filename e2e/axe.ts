import { AxeBuilder } from "@axe-core/playwright"
import { expect, type Page } from "@playwright/test"
import { engine } from "./engines"

const rules = {
	light: { type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] },
	dark: { type: "rule", values: ["color-contrast", "link-in-text-block"] },
} as const

type Violations = Awaited<ReturnType<AxeBuilder["analyze"]>>["violations"]

/** Looks at the page as it stands, in both themes, which differ in colours alone: no violation of WCAG 2.2 AA that a machine can find. */
export async function expectAccessible(page: Page, what: string): Promise<void> {
	for (const colorScheme of ["light", "dark"] as const) {
		await engine.emulate(page, { colorScheme, reducedMotion: "reduce" })
		const violations = await look(page, rules[colorScheme])
		const found = violations.flatMap(({ id, nodes }) =>
			nodes.map((node) => `${id}: ${node.target.join(" ")} - ${node.failureSummary?.split("\n").slice(1).join(" ")}`),
		)
		expect(found, `${what}, ${colorScheme}`).toEqual([])
	}
}

/** What axe finds now. It stays in a page at which it has looked: bringing it there takes four times as long as a look. */
async function look(page: Page, runOnly: (typeof rules)["light" | "dark"]): Promise<Violations> {
	const options = { runOnly: { type: runOnly.type, values: [...runOnly.values] }, preload: false }
	const there = await page.evaluate(() => "axe" in window)
	if (!there) {
		// Firefox 153 itself crashes when script that it has compiled reads these twice; the page has its relations in attributes alone.
		if (engine.name === "firefox")
			await page.evaluate(() => {
				for (const name of Object.getOwnPropertyNames(Element.prototype))
					if (/^aria.*Elements?$/.test(name)) Reflect.deleteProperty(Element.prototype, name)
			})
		const axe = new AxeBuilder({ page }).setLegacyMode(true)
		return (await axe.options({ ...options, resultTypes: ["violations"] }).analyze()).violations
	}
	return await page.evaluate(async (asked) => {
		const { axe } = window as unknown as { axe: { run(options: unknown): Promise<{ violations: Violations }> } }
		return (await axe.run({ ...asked, resultTypes: ["violations"] })).violations
	}, options)
}
